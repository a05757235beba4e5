/** Objectives as they stand, to be taken along: into a review as Markdown, into a spreadsheet as CSV. Pure. */
import type { SloListAnswer, SloRow } from '../api/contract/slos.ts';
import { showHidden } from './clean.ts';
import { renderCsv } from './csv.ts';
import { formatCount, formatInstant, type Zone, zoneSuffix } from './format.ts';
import { formatAchieved, formatBudget, formatBurn, formatTarget, isDoubtful, sloState } from './sloWords.ts';

/** A line each, in the order of the page; `address` is the way back. */
export function sloMarkdown(answer: SloListAnswer, zone: Zone, address: string): string {
  const through = answer.countedThroughMs;
  const counted =
    through === null
      ? 'nothing counted yet'
      : `counted through ${formatInstant(through, zone, false, answer.nowMs)}${zoneSuffix(through, zone)}`;
  return [
    `**Objectives** · ${counted}`,
    '',
    '| objective | app | period | target | achieved | bad | budget left | burn 1 h | state |',
    '|---|---|---|--:|--:|--:|--:|--:|---|',
    ...answer.slos.map((row) => `| ${cellsOf(row).map(cell).join(' | ')} |`),
    '',
    `<${address}>`,
    '',
  ].join('\n');
}

function cellsOf(row: SloRow): string[] {
  const { budget } = row;
  return [
    row.title,
    row.app,
    row.period,
    formatTarget(row.target),
    formatAchieved(budget.achieved, row.target),
    `${formatCount(budget.bad)} of ${formatCount(budget.events)}`,
    `${isDoubtful(row) && budget.remaining !== null ? '≈ ' : ''}${formatBudget(budget.remaining)}`,
    formatBurn(row.burn[0]?.burn ?? null),
    sloState(row).word,
  ];
}

/** Names come from outside: neither a new cell nor markup. */
function cell(text: string): string {
  return showHidden(text).replace(/[\\|`*_<>[\]]/g, (character) => `\\${character}`);
}

/** Shares and burns as plain numbers; what is not known is empty. */
export function sloCsv(slos: readonly SloRow[]): string {
  return renderCsv([
    ['app', 'objective', 'period', 'target', 'achieved', 'events', 'bad', 'budget_left', 'burn_1h', 'state'],
    ...slos.map((row) => [
      row.app,
      row.title,
      row.period,
      row.target,
      row.budget.achieved,
      row.budget.events,
      row.budget.bad,
      row.budget.remaining,
      row.burn[0]?.burn ?? null,
      sloState(row).word,
    ]),
  ]);
}
