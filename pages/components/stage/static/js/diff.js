/* What changed between two texts, word by word: the longest common subsequence of their words. */

const MOST = 1200;

const words = (text) => [...text.matchAll(/\S+/g)].map((m) => ({ start: m.index, end: m.index + m[0].length, key: m[0].toLowerCase().replace(/[^\p{L}\p{N}'’]/gu, "") }));

/** Marks for both texts: what is only in the first (`gone`) and only in the second (`came`); none for very long texts. */
export function changes(before, after) {
  const a = words(before);
  const b = words(after);
  if (a.length > MOST || b.length > MOST) return { gone: [], came: [] };
  const keptA = new Set();
  const keptB = new Set();
  const wide = b.length + 1;
  const table = new Uint16Array((a.length + 1) * wide);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * wide + j] = a[i].key === b[j].key ? table[(i + 1) * wide + j + 1] + 1 : Math.max(table[(i + 1) * wide + j], table[i * wide + j + 1]);
    }
  }
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i].key === b[j].key) {
      keptA.add(i++);
      keptB.add(j++);
    } else if (table[(i + 1) * wide + j] >= table[i * wide + j + 1]) i++;
    else j++;
  }
  return { gone: runs(a, keptA, "gone"), came: runs(b, keptB, "came") };
}

/** Neighbouring words that are not kept, as one mark. */
function runs(list, kept, kind) {
  const marks = [];
  list.forEach((word, i) => {
    if (kept.has(i)) return;
    const last = marks[marks.length - 1];
    if (last && last.index === i - 1) Object.assign(last, { end: word.end, index: i });
    else marks.push({ start: word.start, end: word.end, kind, index: i });
  });
  return marks;
}
