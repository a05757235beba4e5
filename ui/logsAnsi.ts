/** Escape sequences of terminals in lines of apps: colours become names of styles, everything else is taken out. */

/** A stretch of text with one look. `style` is '' or class names of styles/logs.css. */
export interface Stretch {
  text: string;
  style: string;
}

// CSI with its parameters, and OSC (titles, links) up to its end; a lone escape at the end of a cut line, too.
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const SEQUENCE = /\u001b(?:\[([0-9;:?]*)([ -/]*[@-~])?|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_]?)/g;

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

interface Look {
  bold: boolean;
  dim: boolean;
  color: string;
}

/** The text without any sequence, in stretches. Backgrounds and colours by number are left out: they may hide text. */
export function readAnsi(text: string): Stretch[] {
  if (!text.includes('\u001b')) return [{ text, style: '' }];
  const stretches: Stretch[] = [];
  let look: Look = { bold: false, dim: false, color: '' };
  let from = 0;
  const add = (piece: string) => {
    if (piece) stretches.push({ text: piece, style: styleOf(look) });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    add(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') look = nextLook(look, match[1] ?? '');
  }
  add(text.slice(from));
  return stretches;
}

/** The text alone. */
export function stripAnsi(text: string): string {
  return text.includes('\u001b') ? text.replace(SEQUENCE, '') : text;
}

function styleOf({ bold, dim, color }: Look): string {
  return [bold && 'ansi-bold', dim && 'ansi-dim', color && `ansi-${color}`].filter(Boolean).join(' ');
}

function nextLook(look: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map((part) => Number(part || '0'));
  const next = { ...look };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 0) Object.assign(next, { bold: false, dim: false, color: '' });
    else if (code === 1) next.bold = true;
    else if (code === 2) next.dim = true;
    else if (code === 22) Object.assign(next, { bold: false, dim: false });
    else if (code === 39) next.color = '';
    // 256 colours and true colours: their parameters are passed over.
    else if (code === 38 || code === 48) at += codes[at + 1] === 5 ? 2 : 4;
    else if (code >= 30 && code <= 37) next.color = NAMES[code - 30] ?? '';
    else if (code >= 90 && code <= 97) next.color = NAMES[code - 90] ?? '';
  }
  return next;
}
