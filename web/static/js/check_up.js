// Photos of a check-up at full size: one after the other, with or without what was drawn on them.

const box = document.getElementById("lightbox");
const shots = [...document.querySelectorAll("[data-shot]")];
const place = box.querySelector("[data-picture]");
const title = box.querySelector("[data-title]");
const withMarks = box.querySelector("[data-marks]");
let at = 0;

function show(number) {
  at = (number + shots.length) % shots.length;
  const shot = shots[at];
  const thumb = shot.querySelector("img");
  const picture = document.createElement("img");
  picture.src = shot.href;
  picture.alt = thumb.alt;
  const marks = shot.querySelector("svg");
  place.replaceChildren(picture, ...(marks ? [marks.cloneNode(true)] : []));
  title.textContent = `${at + 1} / ${shots.length} · ${thumb.alt}`;
}

for (const [number, shot] of shots.entries()) {
  shot.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(number);
    box.showModal();
  });
}
box.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]")?.dataset.step;
  if (step) show(at + Number(step));
  else if (event.target === box) box.close();
});
box.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") show(at - 1);
  if (event.key === "ArrowRight") show(at + 1);
});
box.addEventListener("close", () => { place.replaceChildren(); shots[at]?.focus(); });
withMarks.addEventListener("change", () => place.classList.toggle("plain", !withMarks.checked));
