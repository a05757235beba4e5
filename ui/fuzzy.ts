/** Finding by a few letters of a name: how well a label answers to what was typed. Pure. */

/** Above every match in the middle of something. */
const WHOLE = 1000;
const START = 800;
const WORD_START = 600;
const INSIDE = 400;
const SCATTERED = 200;

/**
 * null: does not answer. Higher is better: the whole name, its start, the start of a word in it, anywhere in it, its
 * letters in order. Every word typed must be answered to; shorter labels go first among equals.
 */
export function fuzzyScore(label: string, text: string): number | null {
  const low = label.toLowerCase();
  let sum = 0;
  for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
    const score = scoreWord(low, word);
    if (score === null) return null;
    sum += score;
  }
  return sum - Math.min(low.length, 100) / 100;
}

function scoreWord(label: string, word: string): number | null {
  if (label === word) return WHOLE;
  if (label.startsWith(word)) return START;
  const at = label.indexOf(word);
  if (at >= 0) return isWordStart(label, label.indexOf(word), word) ? WORD_START : INSIDE;
  const runs = countRuns(label, word);
  return runs === null ? null : SCATTERED - 20 * (runs - 1);
}

/** true when some occurrence of the word begins a word of the label. */
function isWordStart(label: string, first: number, word: string): boolean {
  for (let at = first; at >= 0; at = label.indexOf(word, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(label[at - 1] ?? '')) return true;
  }
  return false;
}

/** In how many pieces the letters of the word stand in the label, in order; null when they do not. */
function countRuns(label: string, word: string): number | null {
  let runs = 0;
  let before = -2;
  let from = 0;
  for (const letter of word) {
    const at = label.indexOf(letter, from);
    if (at < 0) return null;
    if (at !== before + 1) runs++;
    before = at;
    from = at + 1;
  }
  return runs;
}

/** What can be jumped to or done. */
export interface Findable {
  /** The same from one day to the next: what was chosen lately is known by it. */
  id: string;
  label: string;
  /** Other words it answers to, weaker than its label. */
  also?: string;
}

/** Chosen lately is worth more than a better place in the name, and less than a better kind of match. */
const RECENT_MAX = 150;
const ALSO_LESS = 250;

/** Best first; without a text what was chosen lately, then all in their own order. `recent`: ids, newest first. */
export function rankTargets<T extends Findable>(
  targets: readonly T[],
  text: string,
  recent: readonly string[] = [],
): T[] {
  const bonusOf = (id: string) => {
    const at = recent.indexOf(id);
    return at < 0 ? 0 : RECENT_MAX * (1 - at / recent.length);
  };
  if (!text.trim()) return targets.toSorted((a, b) => bonusOf(b.id) - bonusOf(a.id));
  return targets
    .flatMap((target) => {
      const own = fuzzyScore(target.label, text);
      const also = fuzzyScore(`${target.label} ${target.also ?? ''}`, text);
      const score = Math.max(own ?? Number.NEGATIVE_INFINITY, (also ?? Number.NEGATIVE_INFINITY) - ALSO_LESS);
      return score === Number.NEGATIVE_INFINITY ? [] : [{ target, score: score + bonusOf(target.id) }];
    })
    .toSorted((a, b) => b.score - a.score)
    .map(({ target }) => target);
}
