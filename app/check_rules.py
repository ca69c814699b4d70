"""Put the forms and cycles that Anju ships into the records, where they are not there yet."""

import structlog

from domain.check_ports import PlanStore
from domain.errors import Conflict
from lifecycle.cycles import shipped_profiles
from lifecycle.templates import shipped_templates

log = structlog.get_logger()
BY = "anju"


def keep_shipped(plans: PlanStore) -> None:
    """Keep every shipped form and cycle profile; a version that somebody has retired stays retired.

    Raises
    ------
    StoreUnavailable
        When the records cannot be reached.

    """
    for template in shipped_templates():
        if plans.template(template.id, template.version) is not None:
            continue
        try:
            plans.put_template(template, BY)
        except Conflict:  # another process was faster, with another release's text
            log.warning("a shipped form is there already", form=template.id)
    known = {(one.id, one.version) for one in plans.profiles()}
    for profile in shipped_profiles():
        if (profile.id, profile.version) not in known:
            plans.put_profile(profile, BY)
