// What was looked at is what is published: once the form has changed, the old preview is no offer.

const form = document.getElementById("cycle-form");
const shown = document.getElementById("what-if");
const stale = document.getElementById("cycle-stale");

function changed() {
  const offer = shown.querySelector("#publish");
  if (!offer) return;
  offer.remove();
  stale.textContent = stale.dataset.text;
}

form.addEventListener("input", changed);
form.addEventListener("change", changed);
shown.addEventListener("htmx:afterSwap", () => {
  stale.textContent = "";
  shown.scrollIntoView({ block: "start" });
});
