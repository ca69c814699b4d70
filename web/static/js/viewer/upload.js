// Sending a model: which one it is a revision of, how much has gone, and why it was refused.

import { change, fresh, upload } from "./ask.js";
import { filled } from "./made.js";

export function listen(form, building, words) {
  const say = form.querySelector("#upload-say"), bar = form.querySelector("#upload-progress"), button = form.querySelector("[type=submit]");
  const fresh_fields = form.querySelector("[data-new-model]");
  const chosen = () => { fresh_fields.hidden = form.model.value !== ""; };
  form.model.addEventListener("change", chosen);
  chosen();
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = form.file.files;
    if (!file) { say.textContent = words.no_file; form.file.focus(); return; }
    button.disabled = true;
    say.className = "small";
    bar.hidden = false;
    bar.value = 0;
    try {
      let model = form.model.value;
      if (!model) {
        const made = await change("POST", `/buildings/${encodeURIComponent(building)}/models`, { id: fresh(), name: form.elements.name.value.trim() || words.title, discipline: form.discipline.value });
        model = made.id;
        form.model.prepend(new Option(made.name, made.id, true, true));
      }
      const body = new FormData();
      body.set("file", file, file.name);
      await upload(`/models/${model}/revisions`, body, (done, of) => {
        bar.value = done / of;
        say.textContent = filled(words.sending, { done: (done / 1e6).toFixed(1), of: (of / 1e6).toFixed(1) });
      });
      say.textContent = words.sent;
      form.file.value = "";
      document.body.dispatchEvent(new Event("model-changed"));
    } catch (error) {
      say.className = "fault small";
      const known = error.code && words[`bim_fault.${error.code.replaceAll(" ", "_")}`];
      say.textContent = filled(words.not_sent, { why: known || error.message });
    } finally {
      button.disabled = false;
      bar.hidden = true;
    }
  });
}
