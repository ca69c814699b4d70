"""The desk of check-ups: takes in what inspectors send, with all that follows from it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

import structlog

from alerting.join import JoinContext, join
from alerting.labelling import label_of
from app import check_words
from domain.access import Caller
from domain.alerts import Alert, AlertEvent, AlertState, EventKind
from domain.assessed import AssessmentStore
from domain.attachments import AttachmentState
from domain.bim_ports import ModelStore, PlaceStore
from domain.buildings import Appraisal
from domain.check_cycles import CycleProfile
from domain.check_ports import CheckFilter, CheckRules, CheckStore, Consequences, PlanStore
from domain.checkups import AppraisalOrder, CheckCause, CheckState, CheckUp, OrderState
from domain.clock import Clock
from domain.errors import Conflict, NotFound
from domain.findings import Cause, Finding
from domain.ids import same_id
from domain.labels import Label, LabelStore
from domain.limits import Certainty, Level, LimitProfile
from domain.ports import AlertStore, JudgementStore, Page, RegisterStore
from domain.submissions import Follow, FollowKind, FormFault, Receipt, Sent, Standing, Submission
from domain.templates import form_for
from lifecycle.forms import check_answers
from lifecycle.intake import There, fitted, put_right
from lifecycle.results import Known, day_of, in_force, led_to

log = structlog.get_logger()

#: rule of the finding that a result of class 4 is
IMMINENT = "check-up.imminent"
#: check-ups of one building that are looked at
_CHECK_UPS_MAX = 1_000
_LATE_DAYS = 730
#: others may change the check-up or its alert at the same moment: so often it is decided again
_TRIES = 20


@dataclass(frozen=True, slots=True)
class StoredCheckDesk:
    """Takes submissions in; a `domain.check_ports.CheckDesk`.

    Parameters
    ----------
    profile
        Limits; its numbers steer whom an alert tells.

    """

    checks: CheckStore
    plans: PlanStore
    register: RegisterStore
    places: PlaceStore
    models: ModelStore
    alerts: AlertStore
    judgements: JudgementStore
    assessments: AssessmentStore
    labels: LabelStore
    profile: LimitProfile
    clock: Clock
    rules: CheckRules
    base_url: str = ""

    def submit(self, sent: Sent, who: Caller) -> tuple[Receipt, bool]:
        """Keep a submission and see to what follows; tells whether it is new.

        All of it is one transaction: killed at any moment, either nothing is kept or everything.

        Raises
        ------
        NotFound
            When there is no such check-up.
        Conflict
            When the id stands for another submission; the text tells both hashes.

        """
        for _ in range(_TRIES):
            kept = self.checks.submission(sent.submission.id)
            if kept is not None:
                return self._again(kept, sent, who), False
            what = self._decided(sent, who)
            try:
                self.checks.take(what, who.name)
            except Conflict:
                continue  # somebody was at the check-up, or at its alert: decide again
            new = what.submissions[0]
            log.info(
                "submission taken",
                submission=new.id,
                check_up=new.check_up_id,
                building=new.building_id,
                result=int(new.result),
                standing=new.standing.value,
                by=who.user_id,
            )
            return self._receipt(new, sent, who), True
        raise Conflict(f"check-up {sent.submission.check_up_id!r} is being changed; send it again")

    def settle(
        self, check_up_id: str, submission_id: str, note: str, who: Caller
    ) -> tuple[CheckUp, Receipt]:
        """Say which of several submissions of a check-up counts; saying another undoes it.

        Raises
        ------
        NotFound
            When the check-up has no such submission.

        """
        for _ in range(_TRIES):
            check_up = self._check_up(check_up_id)
            every = {one.id: one for one in self.checks.submissions(check_up_id)}
            chosen = every.get(submission_id)
            if chosen is None:
                raise NotFound(f"no submission {submission_id!r} of check-up {check_up_id!r}")
            counts = replace(chosen, standing=Standing.COUNTS)
            after = replace(self._done(check_up, counts), note=note or check_up.note)
            changed = [counts] if chosen.standing is not Standing.COUNTS else []
            changed += [
                replace(one, standing=Standing.SET_ASIDE)
                for one in every.values()
                if one.id != chosen.id and one.standing in {Standing.COUNTS, Standing.CONFLICT}
            ]
            if not changed and after == replace(check_up, version=after.version):
                return check_up, self._receipt(chosen, None, who)
            what = self._consequences(counts, after, who, self.clock.now_ns())
            try:
                self.checks.settle(replace(what, submissions=tuple(changed)), who.name)
            except Conflict:
                continue
            log.info(
                "submissions settled", check_up=check_up_id, counts=submission_id, by=who.user_id
            )
            return after, self._receipt(counts, None, who)
        raise Conflict(f"check-up {check_up_id!r} is being changed; try again")

    def appraised(self, appraisal: Appraisal, by: str) -> list[AppraisalOrder]:
        """Close the orders that an appraisal answers: those opened on its day or before.

        A report of before the danger was found answers nothing.
        """
        closed = []
        now_ns = self.clock.now_ns()
        for order in self.checks.orders([appraisal.building_id], (OrderState.OPEN,)):
            if day_of(order.opened_at_ns) > appraisal.appraised_on:
                continue
            done = replace(
                order,
                state=OrderState.REPORTED,
                appraisal_id=appraisal.id,
                closed_at_ns=now_ns,
                version=order.version + 1,
            )
            try:
                self.checks.put_order(done, by)
            except Conflict:
                continue  # somebody has just closed it
            closed.append(done)
        return closed

    def _decided(self, sent: Sent, who: Caller) -> Consequences:
        """Decide what a new submission changes."""
        check_up = self._check_up(sent.submission.check_up_id)
        fit = fitted(sent, self._there(check_up.building_id))
        new = replace(
            sent.submission,
            building_id=check_up.building_id,
            by=who.name,
            by_id=who.user_id,
            defect_ids=fit.defect_ids,
        )
        counting = check_up.submission_id if check_up.state is CheckState.DONE else ""
        if counting and new.supersedes != counting:
            new = replace(new, standing=Standing.CONFLICT)
            what = Consequences((new,))
            what = self._with_alert(what, new, None, who)
        else:
            new = replace(new, standing=Standing.COUNTS)
            what = self._consequences(new, self._done(check_up, new), who)
            before = self.checks.submission(counting) if counting else None
            if before is not None:
                replaced = replace(before, standing=Standing.REPLACED)
                what = replace(what, submissions=(*what.submissions, replaced))
        return replace(what, anchors=fit.anchors, defects=fit.defects)

    def _done(self, check_up: CheckUp, submission: Submission) -> CheckUp:
        """Tell how a check-up is when a submission counts."""
        wrong_ms = int(self.rules.clock_wrong_s * 1_000)
        return replace(
            check_up,
            state=CheckState.DONE,
            submission_id=submission.id,
            result=submission.result,
            done_at_ns=submission.true_ns(submission.ended_at_ns, wrong_ms),
            inspector_id=check_up.inspector_id or submission.by_id,
            version=check_up.version + 1,
        )

    def _consequences(
        self, counts: Submission, done: CheckUp, who: Caller, at_ns: int | None = None
    ) -> Consequences:
        """Tell all that follows from a submission that counts.

        Parameters
        ----------
        at_ns
            When it came to count; left out: when it came.

        """
        cycles = self._cycles(counts.received_at_ns)
        known = self._known(counts.building_id, cycles, day_of(counts.received_at_ns))
        led = led_to(counts, done, cycles, known)
        there = {one.id for one in known.check_ups}
        ordered = {one.id for one in known.orders}
        alert = self.alerts.alert(done.alert_id) if done.alert_id else None
        labels: tuple[Label, ...] = ()
        if alert is not None and counts.outcome is not None and not alert.of_installation:
            labels = (self._label(alert, counts, at_ns or counts.received_at_ns),)
        what = Consequences(
            (counts,),
            done,
            opened=tuple(self._with_form(one) for one in led.opened if one.id not in there),
            orders=tuple(one for one in led.orders if one.id not in ordered),
            labels=labels,
        )
        return self._with_alert(what, counts, alert, who)

    def _known(self, building_id: str, cycles: CycleProfile, day: date) -> Known:
        """Read what waits at a building, and what was done there lately."""
        waiting = CheckFilter(
            building_ids=(building_id,), states=(CheckState.PLANNED, CheckState.ASSIGNED)
        )
        done = CheckFilter(
            building_ids=(building_id,),
            states=(CheckState.DONE,),
            # one may be done long after its day, or before
            due_from=day - timedelta(days=cycles.conflict_days + _LATE_DAYS),
        )
        page = Page(_CHECK_UPS_MAX)
        found = [*self.checks.check_ups(waiting, page), *self.checks.check_ups(done, page)]
        return Known(tuple(found), tuple(self.checks.orders([building_id])))

    def _label(self, alert: Alert, counts: Submission, at_ns: int) -> Label:
        assert counts.outcome is not None  # noqa: S101 - asked for by those that have one
        said = " ".join(counts.conclusion.split())[:2_000]
        return label_of(alert, counts.outcome, said, counts.by, at_ns, self.assessments)

    def _with_alert(
        self, what: Consequences, submission: Submission, answered: Alert | None, who: Caller
    ) -> Consequences:
        """Add the red alert of class 4, and the line in the history of the alert it answers."""
        alerts: dict[str, Alert] = {}
        events: list[AlertEvent] = []
        now_ns = self.clock.now_ns()
        finding = self._imminent(submission)
        if finding is not None and not self.alerts.findings(Page(1), ids=[finding.id]):
            building = self.register.building(submission.building_id)
            context = JoinContext(
                {building.id: building} if building else {},
                self.judgements.active_recipients(),
                self.profile,
                self.base_url,
            )
            held = self.judgements.open_alerts([submission.building_id])
            held = [alert for alert in held if alert.cause is Cause.CHECK_UP]
            joined = join([finding], held, context, now_ns)
            alerts = {alert.id: alert for alert in joined.alerts}
            events += joined.events
            what = replace(what, notices=joined.notices, findings=(finding,))
        if answered is not None:
            event = _history_line(answered, submission, now_ns)
            if event.id not in {one.id for one in self.alerts.events(answered.id)}:
                now = alerts.get(answered.id)
                if now is None:
                    now = replace(answered, version=answered.version + 1)
                updated_ns = max(now_ns, now.updated_at_ns)
                alerts[answered.id] = replace(now, updated_at_ns=updated_ns)
                events.append(replace(event, level=now.level))
        return replace(what, alerts=tuple(alerts.values()), events=tuple(events))

    def _imminent(self, submission: Submission) -> Finding | None:
        """Make the finding of a result of class 4; `None` for every other."""
        if submission.result < 4:
            return None
        cycles = self._cycles(submission.received_at_ns)
        said = " ".join(submission.conclusion.split())[:500]
        wrong_ms = int(self.rules.clock_wrong_s * 1_000)
        return Finding(
            id=_finding_id(submission.id),
            building_id=submission.building_id,
            cause=Cause.CHECK_UP,
            rule=IMMINENT,
            subject=submission.building_id,
            subject_name="",
            channels=(),
            level=Level.RED,
            at_ns=submission.received_at_ns,
            value=float(submission.result),
            limit=4.0,
            unit="class",
            window_ns=0,
            started_ns=submission.true_ns(submission.begun_at_ns, wrong_ms),
            source="project",
            certainty=Certainty.PROPOSAL.value,
            profile=f"{cycles.id} {cycles.version}",
            details=(
                ("check_up", submission.check_up_id),
                ("submission", submission.id),
                ("by", submission.by),
                ("conclusion", said),
            ),
        )

    def _cycles(self, at_ns: int) -> CycleProfile:
        return in_force(self.plans.profiles(), day_of(at_ns))

    def _with_form(self, check_up: CheckUp) -> CheckUp:
        form = form_for(self.plans.templates(), check_up.check_class, check_up.cause)
        if form is None:
            return check_up
        return replace(check_up, template_id=form.id, template_version=form.version)

    def _check_up(self, check_up_id: str) -> CheckUp:
        check_up = self.checks.check_up(check_up_id)
        if check_up is None:
            raise NotFound(f"no check-up {check_up_id!r}")
        return check_up

    def _there(self, building_id: str) -> There:
        def of_model(model_id: str | None) -> bool:
            return model_id is not None and self.models.building_of(model_id) == building_id

        def element(element_id: str) -> bool:
            found = self.models.element(element_id)
            return of_model(found.model_id if found else None)

        def revision(revision_id: str) -> bool:
            found = self.models.revision(revision_id)
            return of_model(found.model_id if found else None)

        sensors = self.register.site(building_id).sensors
        return There(
            self.places.anchor,
            self.places.defect,
            element,
            revision,
            frozenset(sensor.id for sensor in sensors),
        )

    def _again(self, kept: Submission, sent: Sent, who: Caller) -> Receipt:
        if kept.check_up_id != sent.submission.check_up_id or kept.sha256 != sent.submission.sha256:
            raise Conflict(
                f"submission {kept.id!r} is kept with SHA-256 {kept.sha256}, "
                f"got {sent.submission.sha256}"
            )
        return self._receipt(kept, sent, who)

    def _receipt(self, kept: Submission, sent: Sent | None, who: Caller) -> Receipt:
        """Tell what is kept, from the stores alone: asked again it says the same."""
        missing, refused = [], []
        pictures = {one.id: one for one in self.checks.attachments(check_up_id=kept.check_up_id)}
        for attachment_id in kept.attachment_ids:
            picture = pictures.get(attachment_id)
            if picture is None or picture.state is AttachmentState.RECEIVING:
                missing.append(attachment_id)
            elif picture.state is AttachmentState.REFUSED:
                refused.append((attachment_id, picture.reason_code))
        notes = put_right(sent, self._there(kept.building_id)) if sent else ()
        language = "en" if who.language == "en" else "zh"
        notes = (*self._form_notes(kept, language), *notes)
        follows = tuple(self._follows(kept, language))
        return Receipt(kept, tuple(missing), tuple(refused), follows, notes, self._faults(kept))

    def _faults(self, kept: Submission) -> tuple[FormFault, ...]:
        """Tell what the form misses; nothing is refused for it."""
        form = self.plans.template(kept.template_id, kept.template_version)
        if form is None:
            return ()
        photos = {one.item_id: len(one.attachment_ids) for one in kept.answers}
        signed = {one.role for one in kept.signatures}
        members = len(kept.members)
        return tuple(check_answers(form, kept.answers, photos, members=members, signed=signed))

    def _form_notes(self, kept: Submission, language: str) -> tuple[str, ...]:
        """Say when a form was filled in that is not the check-up's, or that we do not know."""
        mine = kept.template_id, kept.template_version
        if self.plans.template(*mine) is None:
            return (check_words.unknown_form(mine, language),)
        check_up = self._check_up(kept.check_up_id)
        wanted = check_up.template_id, check_up.template_version
        if wanted[0] and wanted != mine:
            return (check_words.other_form(mine, wanted, language),)
        return ()

    def _follows(self, kept: Submission, language: str) -> list[Follow]:
        found = []
        for cause in (CheckCause.DANGER_FOUND, CheckCause.CONFLICT):
            special = self.checks.check_up(same_id("special", kept.id, cause))
            if special is not None:
                text = check_words.special(special, language)
                found.append(Follow(FollowKind.SPECIAL, special.id, text))
        order = self.checks.order(same_id("appraisal order", kept.id))
        if order is not None:
            text = check_words.appraisal(order, language)
            found.append(Follow(FollowKind.APPRAISAL, order.id, text))
        if kept.result >= 4 and (alert := self._raised(kept)) is not None:
            found.append(Follow(FollowKind.ALERT, alert.id, check_words.alert(language)))
        label = self._labelled(kept)
        if label is not None:
            text = check_words.label(label.outcome, language)
            found.append(Follow(FollowKind.LABEL, label.id, text))
        recheck = self.checks.check_up(same_id("re-check", kept.id))
        if recheck is not None:
            text = check_words.recheck(recheck, language)
            found.append(Follow(FollowKind.RECHECK, recheck.id, text))
        return found

    def _raised(self, kept: Submission) -> Alert | None:
        """Find the alert that took the finding of a submission in."""
        finding_id = _finding_id(kept.id)
        every = self.alerts.alerts(Page(200), building_ids=[kept.building_id])
        ours = [alert for alert in every if alert.cause is Cause.CHECK_UP]
        for alert in ours:
            held = {c.finding_id for c in alert.contributions}
            if finding_id in held | {e.finding_id for e in self.alerts.events(alert.id)}:
                return alert
        live = (alert for alert in ours if alert.state is not AlertState.CLOSED)
        return next(live, next(iter(ours), None))

    def _labelled(self, kept: Submission) -> Label | None:
        """Find the label that a submission has put on the alert it answers."""
        check_up = self.checks.check_up(kept.check_up_id)
        if kept.outcome is None or check_up is None or not check_up.alert_id:
            return None
        found = self.labels.labels(building_ids=[kept.building_id], start_ns=kept.received_at_ns)
        mine = (check_up.alert_id, kept.outcome, kept.by)
        return next((one for one in found if (one.alert_id, one.outcome, one.by) == mine), None)


def _finding_id(submission_id: str) -> str:
    return same_id("finding", submission_id, IMMINENT)


def _history_line(alert: Alert, submission: Submission, at_ns: int) -> AlertEvent:
    return AlertEvent(
        id=same_id("event", alert.id, "check-up", submission.id),
        alert_id=alert.id,
        at_ns=at_ns,
        kind=EventKind.NOTE,
        level=alert.level,
        by=submission.by_id,
        text=check_words.note(submission.result, submission.outcome, submission.conclusion),
    )
