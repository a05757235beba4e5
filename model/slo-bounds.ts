/** How much an objective may say, and what it says when it says nothing. */

/** A title stays readable in a notice. */
export const TITLE_MAX = 120;
/** OpenSLO's bound of a description. */
export const DESCRIPTION_MAX = 1050;
export const TIERS_MAX = 10;
export const COMPOSITE_MEMBERS_MIN = 2;
export const COMPOSITE_MEMBERS_MAX = 25;
export const LIST_MAX = 50;
/** Lengths of a time slice: those that divide an hour, so that every hour can be counted alone. */
export const SLICE_MINUTES: readonly number[] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60];
export const DEFAULT_BUDGET_ALERTS: readonly number[] = [50, 25, 10, 0];
