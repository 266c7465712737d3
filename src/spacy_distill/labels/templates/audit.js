"use strict";
// Filters: a document is shown if it has the label, the kind of error (of that label), and the words.
(() => {
  const label = document.getElementById("label");
  const kind = document.getElementById("kind");
  const words = document.getElementById("words");
  const shown = document.getElementById("shown");
  const plain = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  // What a card says, without the names of labels within its text.
  const said = (card) => {
    const copy = card.cloneNode(true);
    for (const name of copy.querySelectorAll("mark > i")) name.remove();
    return plain(copy.textContent);
  };
  const cards = Array.from(document.querySelectorAll(".card"), (card) => ({
    card,
    labels: new Set(JSON.parse(card.dataset.labels)),
    marks: new Set(JSON.parse(card.dataset.marks)),
    text: said(card),
  }));
  const update = () => {
    const mark = kind.value && label.value && kind.value !== "unusable" ? `${kind.value}:${label.value}` : kind.value;
    const wanted = plain(words.value);
    let count = 0;
    for (const { card, labels, marks, text } of cards) {
      const fits =
        (!mark || marks.has(mark)) && (kind.value || !label.value || labels.has(label.value)) &&
        (!wanted || text.includes(wanted));
      card.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${cards.length} shown`;
  };
  for (const control of [label, kind, words]) control.addEventListener("input", update);
  update();
})();
