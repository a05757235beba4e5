/** What comes again at a local time, in words. */
import { saySpan } from '../model/notice-numbers.ts';
import type { Recurrence } from '../model/recurrence.ts';
import { MINUTE } from '../model/time.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** `every Sunday at 02:00 for 60 min (Europe/Berlin)`, `daily at …`, `Monday to Friday at …`. */
export function sayRecurrence({ weekdays, at, minutes, zone }: Recurrence): string {
  return `${sayDays(weekdays)} at ${at} for ${saySpan(minutes * MINUTE)} (${zone})`;
}

function sayDays(weekdays: readonly number[]): string {
  const days = [...new Set(weekdays)].sort((a, b) => a - b);
  if (days.length === 7) return 'daily';
  if (days.join() === '1,2,3,4,5') return 'Monday to Friday';
  const names = days.map((day) => DAYS[day] ?? '');
  return `every ${names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}` : names.join('')}`;
}
