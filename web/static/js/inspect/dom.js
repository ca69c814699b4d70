// Small help with elements; styles live in inspect.css.

/**
 * Make an element. `on…` properties are listeners, `class`, `data-…` and `aria-…` are attributes.
 *
 * @param {string} name
 * @param {Record<string, any>} [given]
 * @param {...(Node|string|number|null|undefined|false)} children
 * @returns {any}
 */
export function h(name, given = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && !key.includes("-") && key !== "list" && key !== "form") element[key] = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Fill an element anew; what is nothing is left out. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((one) => one !== null && one !== undefined && one !== false));
}

/** What a part of a page is known by when it is drawn anew. */
const regionOf = (element) => {
  const { item, role } = element.closest("[data-item], [data-role]")?.dataset ?? {};
  return item ? `[data-item="${CSS.escape(item)}"]` : role ? `[data-role="${CSS.escape(role)}"]` : "";
};

/** Draw a place anew; the keyboard goes on where it was, or at the heading of its part. */
export function again(root, draw) {
  const before = /** @type {HTMLElement} */ (document.activeElement);
  if (!root.contains(before) || before === root) { draw(); return; }
  const region = regionOf(before), of = () => (region && root.querySelector(region)) || root;
  const { tagName, textContent, dataset: { value } } = before;
  const place = [...of().querySelectorAll(tagName)].indexOf(before);
  draw();
  if (root.contains(document.activeElement)) return;
  const all = [...of().querySelectorAll(tagName)];
  const alike = all.filter((one) => one.textContent === textContent && one.dataset.value === value && !one.disabled);
  (alike.find((one) => one === all[place]) ?? alike[0] ?? of().querySelector("h3[tabindex]"))?.focus({ preventScroll: true });
}

let fields = 0;

/** A labelled field; `control` gets the label's id. */
export function field(label, control, hint = "") {
  const id = control.id || `f-${(fields += 1)}`;
  control.id = id;
  const told = hint ? h("p", { class: "quiet small", id: `${id}-hint` }, hint) : null;
  if (told) control.setAttribute("aria-describedby", told.id);
  return h("div", { class: "field" }, h("label", { htmlFor: id }, label), control, told);
}

/** By itself a button answers when Space is let go: a form drawn anew meanwhile would swallow it. */
export function atOnce(event) {
  if (event.key !== " ") return;
  event.preventDefault();
  if (!event.repeat) event.target.click();
}

/** Buttons of which one is chosen. */
export function choices(label, options, chosen, choose) {
  const group = h("div", { class: "options", role: "radiogroup", "aria-label": label });
  const paint = (value) => {
    let any = false;
    for (const button of group.children) {
      const is = button.dataset.value === String(value ?? "");
      any ||= is;
      button.setAttribute("aria-checked", String(is));
      button.tabIndex = is ? 0 : -1;
    }
    if (!any && group.firstChild) group.firstChild.tabIndex = 0;
  };
  for (const [value, text, tone] of options) {
    group.append(h("button", {
      type: "button", class: `option ${tone ?? ""}`, role: "radio", "data-value": value,
      onclick: () => { paint(value); choose(value); },
    }, text));
  }
  group.addEventListener("keydown", (event) => {
    if (event.key === " ") { atOnce(event); return; }
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const every = [...group.children];
    const at = every.indexOf(document.activeElement);
    const next = every[(at + step + every.length) % every.length];
    next.focus();
    next.click();
  });
  paint(chosen);
  return group;
}

/** A dialog that is gone when it is closed; resolves with what `close(value)` was given. */
export function dialog(title, fill) {
  return new Promise((resolve) => {
    const box = h("dialog", { class: "dialog inspect-dialog", "aria-label": title });
    let value;
    const close = (given) => { value = given; box.close(); };
    box.append(h("h2", {}, title), ...[fill(close)].flat());
    box.addEventListener("close", () => { box.remove(); resolve(value); });
    document.body.append(box);
    box.showModal();
  });
}

/** A word to everybody, read aloud. */
export function toast(text) {
  const place = document.getElementById("toasts");
  const one = h("p", { class: "toast" }, text);
  place?.append(one);
  setTimeout(() => one.remove(), 6000);
}
