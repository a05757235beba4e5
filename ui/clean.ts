/**
 * Text from outside as it may be shown. Everything reaches the page as text nodes; this makes characters visible
 * that would otherwise hide or reorder what is around them (SEC-30).
 */

// C0 and C1 controls, and the characters that set the direction of text.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is what it is for
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Controls as their Unicode picture (`␀`), direction marks and other invisible ones as `⟨U+202E⟩`. */
export function showHidden(text: string): string {
  return text.replace(HIDDEN, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}
