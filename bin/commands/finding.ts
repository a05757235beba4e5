/** What doctor found about one subject. */
export interface Finding {
  check: string;
  level: 'ok' | 'warn' | 'fail';
  text: string;
  /** What to do; empty when all is well. */
  advice: string;
}

export const ok = (check: string, text: string): Finding => ({ check, level: 'ok', text, advice: '' });
export const warn = (check: string, text: string, advice: string): Finding => ({
  check,
  level: 'warn',
  text,
  advice,
});
export const fail = (check: string, text: string, advice: string): Finding => ({
  check,
  level: 'fail',
  text,
  advice,
});
