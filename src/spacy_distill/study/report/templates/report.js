"use strict";
// Filters of the error browser: a sentence is shown if one of its readings by the chosen student has the kind of error.
(() => {
  const ids = ["corpus", "student", "label", "kind", "origin", "words"];
  const controls = Object.fromEntries(ids.map((id) => [id, document.getElementById(`by-${id}`)]));
  const shown = document.getElementById("shown");
  const plain = (text) => text.toLowerCase().replace(/\s+/g, " ").trim();
  // What a card says, without the names of labels within its text.
  const said = (card) => {
    const copy = card.cloneNode(true);
    for (const name of copy.querySelectorAll("mark > i")) name.remove();
    return plain(copy.textContent);
  };
  const set = (text) => new Set(JSON.parse(text));
  const cards = Array.from(document.querySelectorAll(".card"), (card) => ({
    card,
    corpus: card.dataset.corpus,
    labels: set(card.dataset.labels),
    text: said(card),
    readings: Array.from(card.querySelectorAll("[data-students]"), (row) => ({
      row, students: set(row.dataset.students), marks: set(row.dataset.marks),
    })),
  }));
  const value = (id) => (controls[id] ? controls[id].value : "");
  const update = () => {
    const [corpus, student, label, kind, origin, words] = ids.map(value);
    const wanted = plain(words);
    let count = 0;
    for (const { card, corpus: own, labels, text, readings } of cards) {
      let hit = false;
      for (const { row, students, marks } of readings) {
        const theirs = !student || students.has(student);
        row.hidden = !theirs;
        hit ||= theirs && marks.size > 0 && (!kind || marks.has(kind)) && (!origin || marks.has(origin));
      }
      const fits = hit && (!corpus || corpus === own) && (!label || labels.has(label)) && text.includes(wanted);
      card.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${cards.length} shown`;
  };
  for (const control of Object.values(controls)) if (control) control.addEventListener("input", update);
  update();
})();
