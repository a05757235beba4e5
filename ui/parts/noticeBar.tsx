/** One line under the header of every page while something about the instance itself has to be known; worst first. */
import { useState } from 'preact/hooks';
import type { NoticeAnswer } from '../../api/contract/health.ts';
import { showHidden } from '../clean.ts';
import { formatClock, formatSpan, zoneSuffix } from '../format.ts';
import { useApp } from '../state/context.ts';
import { StateGlyph } from './state.tsx';

/** Said by the tab itself, for nobody else can: its stream is broken. */
const RECONNECTING: NoticeAnswer = {
  level: 'warning',
  code: 'connections',
  text: 'Reconnecting to live updates. What is shown may be old.',
};
const SHED: NoticeAnswer = {
  level: 'warning',
  code: 'shedding',
  text: 'Live updates are paused: taking frames in comes first. What is shown may be old.',
};
const ABOUT_DATABASE = ['databaseAway', 'commitsFailing', 'readOnly'];
const LEVELS = { critical: 'critical', warning: 'warning', info: 'note' } as const;
const WORDS = { critical: 'Critical: ', warning: 'Warning: ', info: 'Note: ' };

export function NoticeBar() {
  const { instance, live, router, range, clock, version } = useApp();
  const sinceMs = instance.awaySinceMs.value;
  const zone = range.zone.value;
  const own = live.away.value ? [live.shed.value ? SHED : RECONNECTING] : [];
  // What is critical stays first; after that, that nothing new comes is worth more than what came last.
  const told = instance.notices.value;
  const grave = told.filter((notice) => notice.level === 'critical');
  const all = [...grave, ...own, ...told.filter((notice) => notice.level !== 'critical')];
  const first = all[0];
  const since = first && ABOUT_DATABASE.includes(first.code) ? sinceMs : null;
  const text = first && since !== null ? withoutSpan(first.text) : (first?.text ?? '');
  const head = firstSentence(text);
  const here = router.path.value === '/health';
  return (
    <div class="notice-frame">
      {first && (
        <div class={`notice notice-${first.level}`}>
          <StateGlyph level={LEVELS[first.level]} />
          <p class="notice-text">
            <strong>{showHidden(head)}</strong>
            {showHidden(text.slice(head.length))}
          </p>
          {since !== null && (
            <span class="notice-since">
              since {formatClock(since, zone)}
              {zoneSuffix(since, zone)} ({formatSpan(clock.nowMs.value - since)})
            </span>
          )}
          {!here && (
            <a class="notice-more" href={router.link('/health')}>
              {all.length > 1 ? `and ${all.length - 1} more` : 'Details'}
            </a>
          )}
          {first.level === 'info' && (
            <button type="button" class="quiet" onClick={() => instance.dismiss(first)}>
              Dismiss<span class="sr">: {first.text}</span>
            </button>
          )}
        </div>
      )}
      {version.isOld.value && !first && (
        <div class="notice notice-info">
          <StateGlyph level="note" />
          <p class="notice-text" role="status">
            <strong>Drainboard has been updated.</strong> This tab still shows the version before.
          </p>
          <button type="button" onClick={() => location.reload()}>
            Reload
          </button>
        </div>
      )}
      <Spoken notice={first} />
    </div>
  );
}

/** Sentences come when something changes; a time in them stands still, so the bar counts by itself. */
export function withoutSpan(text: string): string {
  return text.replace(/ \(for \d+ (s|min|h)\)/, '');
}

/** What is the matter; the rest says what that means. */
export function firstSentence(text: string): string {
  return /^.*?[.:](?=\s|$)/.exec(text)?.[0] ?? text;
}

/**
 * Spoken once when it begins and when it turns into something else; figures that go on changing are read by those who
 * look, and are no reason to speak again.
 */
function Spoken({ notice }: { notice: NoticeAnswer | undefined }) {
  return (
    <div class="sr" role="status">
      {notice && (
        <SpokenOnce key={`${notice.level} ${notice.code}`} text={WORDS[notice.level] + notice.text} />
      )}
    </div>
  );
}

function SpokenOnce({ text }: { text: string }) {
  const [first] = useState(text);
  return <span>{first}</span>;
}
