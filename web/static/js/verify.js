// Compare a file with a hash: it is read here and goes nowhere.

const box = document.getElementById("verify-drop");
const input = document.getElementById("verify-file");
const result = document.getElementById("verify-result");
const wanted = document.getElementById("verify-hash").textContent.trim();
const words = JSON.parse(box.dataset.words);

function say(kind, text) {
  result.className = `verify-result verify-is-${kind}`;
  result.textContent = text;
}

async function compare(file) {
  // browsers hash only over HTTPS or on this machine
  if (!globalThis.crypto?.subtle) return say("failed", words.insecure);
  try {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    const found = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    if (found === wanted) say("same", `✓ ${words.same}`);
    else say("other", `✗ ${words.other} ${found}`);
  } catch {
    say("failed", words.failed);
  }
}

input.addEventListener("change", () => { if (input.files[0]) compare(input.files[0]); });
for (const name of ["dragenter", "dragover"]) {
  box.addEventListener(name, (event) => { event.preventDefault(); box.classList.add("over"); });
}
for (const name of ["dragleave", "drop"]) box.addEventListener(name, () => box.classList.remove("over"));
box.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) compare(file);
});
// a file dropped beside the box must not replace the page
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
