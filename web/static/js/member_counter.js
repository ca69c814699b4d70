// The counter of JGJ 125 as a page of its own: the phone's table, kept for this tab.

import { membersField } from "./inspect/members.js";

const place = document.getElementById("member-counter");
const rules = JSON.parse(place.dataset.rules);
const KEPT = "anju-member-counter";
const draft = JSON.parse(sessionStorage.getItem(KEPT) ?? "null") ?? { members: [], soil_dangerous: false };
const above = document.getElementById("above");
const below = document.getElementById("below");

const number = (input, least, most) => Math.min(most, Math.max(least, Math.trunc(Number(input.value) || 0)));

function paint() {
  const house = { storeys_above: number(above, 1, 200), storeys_below: number(below, 0, 10) };
  draft.members = draft.members.filter((one) => one.storey <= house.storeys_above && one.storey >= -house.storeys_below);
  const keep = () => sessionStorage.setItem(KEPT, JSON.stringify(draft));
  place.replaceChildren(membersField({ draft, pack: { building: house, jgj: rules }, keep }));
}

above.addEventListener("change", paint);
below.addEventListener("change", paint);
document.querySelector("[data-print]").addEventListener("click", () => print());
paint();
