/** Objectives that were accepted early, against what the traffic says by now. Pure. */
import type { SloProposal, SloProposalsAnswer, SloRow } from '../api/contract/slos.ts';

export interface Reproposal {
  id: string;
  slug: string;
  title: string;
  /** The version it would replace. */
  version: number;
  /** As it was accepted, and as it would be proposed now; exact decimals. */
  before: string;
  after: string;
  proposal: SloProposal;
}

/**
 * What was proposed from less data and would be another target now. Nothing while the newer proposal is as provisional,
 * and nothing of objectives that people made themselves: those do not carry the mark of a proposal.
 */
export function reproposals(answer: SloProposalsAnswer, rows: readonly SloRow[]): Reproposal[] {
  if (answer.isProvisional) return [];
  return answer.proposals.flatMap((proposal) => {
    const row = rows.find(({ slug }) => slug === proposal.existing);
    if (row === undefined || !row.tags.includes('proposed')) return [];
    const after = proposal.definition.target;
    const { id, slug, title, version, target: before } = row;
    return before === after ? [] : [{ id, slug, title, version, before, after, proposal }];
  });
}

const DAY_MS = 86_400_000;

/** When it is worth another look: after a day of data, then after a week. null: it has all it will have. */
export function nextLookMs(firstLineMs: number, nowMs: number): number | null {
  for (const days of [1, 7]) {
    const atMs = firstLineMs + days * DAY_MS;
    if (atMs > nowMs) return atMs;
  }
  return null;
}
