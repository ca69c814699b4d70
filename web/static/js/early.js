// A press that comes before the page's scripts is kept and done when they are up: on a slow line
// the buttons are there seconds earlier than what answers them.
{
  const ASKS = "[hx-get], [hx-post], [hx-put], [hx-patch], [hx-delete]";
  let up = false;
  let kept = null;

  function keep(event, element, again) {
    event.preventDefault();
    event.stopImmediatePropagation();
    kept?.element.removeAttribute("aria-busy");
    element.setAttribute("aria-busy", "true");
    kept = { element, again };
  }

  function pressed(event) {
    // what answers by itself goes its way, also within a part of the page that is fetched anew
    const element = up ? null : event.target.closest("a, button, input, select, summary, label");
    if (!element?.matches(`button, ${ASKS}`)) return;
    // a button that sends a form is kept with its form
    if (element.form && element.type === "submit") return;
    keep(event, element, () => element.click());
  }

  function sent(event) {
    const form = event.target;
    const { submitter } = event;
    if (up || !form.matches(ASKS)) return;
    keep(event, submitter ?? form, () => form.requestSubmit(submitter));
  }

  function scriptsUp() {
    if (up) return;
    up = true;
    if (!kept) return;
    kept.element.removeAttribute("aria-busy");
    if (kept.element.isConnected) kept.again();
  }

  document.addEventListener("click", pressed, true);
  document.addEventListener("submit", sent, true);
  document.addEventListener("htmx:load", scriptsUp);
  addEventListener("load", scriptsUp);
}
