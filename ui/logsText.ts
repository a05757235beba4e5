/** Lines as they leave the page: as text, CSV, Markdown, and the command that shows the same in a terminal. */
import type { LogLineAnswer } from '../api/contract/logs.ts';
import { showHidden } from './clean.ts';
import { renderCsv } from './csv.ts';
import { stripAnsi } from './logsAnsi.ts';
import type { LogsFilter } from './state/logsFilter.ts';

/** The text of a line as it may be shown: without escape sequences, tabs as spaces, other hidden characters visible. */
export function shownText(text: string): string {
  return showHidden(stripAnsi(text).replaceAll('\t', '    '));
}

/** As `heroku logs` prints it: `2026-11-20T10:42:03.120000+00:00 app[web.1]: text`. */
export function lineText({ atMs, source, procid, text }: LogLineAnswer): string {
  const at = new Date(atMs).toISOString().replace('Z', '000+00:00');
  // Heroku calls the router and the platform by one name, and add-ons by that of the app.
  const origin = source === 'router' || source === 'heroku' ? 'heroku' : 'app';
  return `${at} ${origin}[${procid}]: ${shownText(text)}`;
}

export function linesText(lines: readonly LogLineAnswer[]): string {
  return lines.map((line) => `${lineText(line)}\n`).join('');
}

export function linesCsv(lines: readonly LogLineAnswer[]): string {
  const head = ['time_utc', 'source', 'process', 'level', 'code', 'status', 'request_id', 'text'];
  return renderCsv([
    head,
    ...lines.map((line) => [
      new Date(line.atMs).toISOString(),
      line.source,
      line.procid,
      line.level,
      line.code,
      line.status,
      line.requestId,
      shownText(line.text),
    ]),
  ]);
}

/** A block of code in Markdown, fenced with more backticks than the text has. */
export function linesMarkdown(title: string, lines: readonly LogLineAnswer[], url: string): string {
  const text = linesText(lines);
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `**${title}** ([open](${url}))\n\n${fence}text\n${text}${fence}\n`;
}

export interface HerokuCommand {
  command: string;
  /** What the command cannot do, in a sentence; '' when it shows the same. */
  note: string;
}

/**
 * The `heroku logs` command (CLI 8 and newer: --source app or heroku, --dyno-name, --process-type, --num up to 1,500)
 * nearest to a filter. Texts, codes and statuses are left to grep.
 */
export function herokuCommand(app: string, filter: LogsFilter, live: boolean): HerokuCommand {
  const parts = ['heroku logs', `-a ${quoted(app)}`, live ? '--tail' : '-n 1500'];
  const missing: string[] = [];
  const wanted = (field: string) => filter.filter((term) => term.field === field && !term.isNot);
  const [source, ...moreSources] = wanted('source').map((term) => term.value);
  const [dyno, ...moreDynos] = wanted('dyno').map((term) => term.value);
  if (moreSources.length > 0) missing.push('several sources');
  else if (source === 'router') parts.push('--source heroku', ...(dyno ? [] : ['--dyno-name router']));
  else if (source === 'app' || source === 'heroku') parts.push(`--source ${source}`);
  else if (source) parts.push('--source app');
  if (moreDynos.length > 0) missing.push('several dynos');
  else if (dyno)
    parts.push(/\./.test(dyno) ? `--dyno-name ${quoted(dyno)}` : `--process-type ${quoted(dyno)}`);
  const greps = filter.flatMap((term) => grepOf(term.field, term.value, term.isNot) ?? []);
  if (filter.some(({ field }) => field === 'level')) missing.push('levels');
  if (filter.some(({ field }) => field === 'pattern')) missing.push('patterns');
  if (!live) missing.push('a time range: it shows the newest 1,500 lines at most');
  const note = missing.length > 0 ? `heroku logs does not know ${missing.join(', ')}.` : '';
  return { command: [parts.join(' '), ...greps].join(' | '), note };
}

function grepOf(field: string, value: string, isNot: boolean): string | null {
  const not = isNot ? 'v' : '';
  if (field === 'text') return `grep -i${not}F -- ${quoted(value)}`;
  if (field === 'code')
    return `grep -${not}E ${quoted(value === 'any' ? '(code=|Error )[HRL][0-9]{2}' : `(code=|Error )${value}`)}`;
  if (field === 'status') return `grep -${not}E ${quoted(`status=${value.replaceAll('xx', '[0-9]{2}')}`)}`;
  if ((field === 'source' || field === 'dyno') && isNot) return `grep -vF -- ${quoted(`[${value}`)}`;
  return null;
}

/** For a POSIX shell: bare where that is safe, else in single quotes. */
function quoted(text: string): string {
  return /^[\w.@:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
