// The preview of a form: items and parts come and go with the answers, by the phone's own rules.

import { asked } from "./inspect/form_rules.js";

const preview = document.getElementById("form-preview");
const form = JSON.parse(preview.dataset.form);

function paint() {
  const answers = [...preview.querySelectorAll("input[type=radio]:checked")].map((one) => ({ item_id: one.closest("[data-item]").dataset.item, value: one.value }));
  const open = new Set(asked(form, answers).map((item) => item.id));
  for (const item of preview.querySelectorAll("[data-item]")) item.hidden = !open.has(item.dataset.item);
  for (const part of preview.querySelectorAll("[data-part]")) part.hidden = !part.querySelector("[data-item]:not([hidden])");
}

preview.addEventListener("change", paint);
paint();
