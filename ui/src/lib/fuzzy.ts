/** How well a few typed letters fit a title. Pure. */

/**
 * 0 where they do not fit. Every word that was typed must be found: best at the start of a word,
 * then inside of one, then as letters in order ("expcsv" fits "Export as CSV").
 */
export function rank(typed: string, title: string): number {
  const text = title.toLowerCase();
  let sum = 0;
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  for (const word of words) {
    const fit = rankWord(word, text);
    if (fit === 0) return 0;
    sum += fit;
  }
  return words.length === 0 ? 0 : sum / words.length;
}

function rankWord(word: string, text: string): number {
  const at = text.indexOf(word);
  if (at === 0) return 100;
  if (startsWord(text, word)) return 80 - Math.min(20, at / 4);
  if (at > 0) return 50 - Math.min(20, at / 4);
  return rankLetters(word, text);
}

function startsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    if (at === 0 || /[^\p{L}\p{N}]/u.test(text[at - 1] ?? "")) return true;
  }
  return false;
}

/** Letters in order; each that begins a word counts more. The first one must begin a word. */
function rankLetters(letters: string, text: string): number {
  let at = -1;
  let begun = 0;
  for (const [i, letter] of [...letters].entries()) {
    const next = beginning(text, letter, at + 1) ?? (i === 0 ? -1 : text.indexOf(letter, at + 1));
    if (next === -1) return 0;
    const plain = i === 0 ? next : text.indexOf(letter, at + 1);
    // The nearest letter keeps a word together; a jump to the start of a later word is for initials.
    at = plain === at + 1 ? plain : next;
    if (at === 0 || text[at - 1] === " ") begun += 1;
  }
  return 5 + Math.min(20, begun * 5);
}

function beginning(text: string, letter: string, from: number): number | null {
  for (let at = text.indexOf(letter, from); at !== -1; at = text.indexOf(letter, at + 1)) {
    if (at === 0 || text[at - 1] === " ") return at;
  }
  return null;
}
