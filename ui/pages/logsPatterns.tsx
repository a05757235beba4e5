/** Lines grouped by what they have in common: what is said how often, since when, with an example. */
import { useMemo } from 'preact/hooks';
import type { LogPattern, LogPatternsAnswer } from '../../api/contract/logs.ts';
import { showHidden } from '../clean.ts';
import { formatClock, formatCount, formatInstant, formatRatio, plural, zoneName } from '../format.ts';
import { shownText } from '../logsText.ts';
import { CopyButton } from '../parts/copy.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { StateGlyph } from '../parts/state.tsx';
import { useApp } from '../state/context.ts';
import type { LogsFilter, Term } from '../state/logsFilter.ts';
import type { Resource } from '../state/resource.ts';

interface Props {
  resource: Resource<LogPatternsAnswer>;
  filter: LogsFilter;
  hrefOf(term: Term): string;
}

export function LogsPatterns({ resource, filter, hrefOf }: Props) {
  return (
    <Fresh of={resource} what="patterns">
      {(answer) => <Table answer={answer} filter={filter} hrefOf={hrefOf} />}
    </Fresh>
  );
}

function Table({
  answer,
  filter,
  hrefOf,
}: {
  answer: LogPatternsAnswer;
  filter: LogsFilter;
  hrefOf(term: Term): string;
}) {
  const { range } = useApp();
  const zone = range.zone.value;
  const { patterns, search, lines } = answer;
  const top = Math.max(...patterns.map((pattern) => pattern.count), 1);
  const markdown = useMemo(() => patternsMarkdown(answer), [answer]);
  if (patterns.length === 0)
    return (
      <p class="chart-empty">
        <strong>No patterns.</strong>{' '}
        {filter.length > 0 ? 'No line of this range fits the filter.' : 'There are no lines in this range.'}
      </p>
    );
  return (
    <>
      <div class="log-tools">
        <p class="muted">
          {plural(patterns.length, 'pattern')} of {plural(lines, 'line')}
          {answer.restLines > 0 && `, ${formatCount(answer.restLines)} in others`}.{' '}
          {!search.complete &&
            `Counted back to ${formatClock(search.reachedMs, zone, false)} ${zoneName(search.reachedMs, zone)}; what is older was not looked at.`}
        </p>
        <span class="grow" />
        <CopyButton text={markdown}>Copy as Markdown</CopyButton>
      </div>
      <table class="data stack log-patterns">
        <caption class="sr">Patterns of lines, most frequent first</caption>
        <thead>
          <tr>
            <th scope="col" class="num">
              Lines
            </th>
            <th scope="col">Share</th>
            <th scope="col">Pattern</th>
            <th scope="col">Sources</th>
            <th scope="col">First</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {patterns.map((pattern) => (
            <PatternRow
              key={pattern.id}
              pattern={pattern}
              top={top}
              href={hrefOf({ field: 'pattern', value: pattern.id, isNot: false })}
            />
          ))}
        </tbody>
      </table>
    </>
  );
}

function PatternRow({ pattern, top, href }: { pattern: LogPattern; top: number; href: string }) {
  const { range } = useApp();
  const zone = range.zone.value;
  const { level, example } = pattern;
  return (
    <tr data-row>
      <td class="num" data-label="Lines">
        {formatCount(pattern.count)}
      </td>
      <td data-label="Share">
        <span class="meter">
          <span class="meter-text">{formatRatio(pattern.share)}</span>
          <span
            class={`bar${level === 'error' ? ' bar-critical' : level === 'warn' ? ' bar-warning' : ''}`}
            aria-hidden="true"
          >
            <span style={{ width: `${(pattern.count / top) * 100}%` }} />
          </span>
        </span>
      </td>
      <td class="log-template">
        <a class="mono wrap" href={href}>
          <Template text={pattern.template} />
        </a>
        {(level === 'error' || level === 'warn') && (
          <span class={`state state-${level === 'error' ? 'critical' : 'warning'}`}>
            <StateGlyph level={level === 'error' ? 'critical' : 'warning'} />
            {level}
          </span>
        )}
        <details>
          <summary class="muted">Example</summary>
          <pre>{shownText(example.text)}</pre>
          <p class="muted">
            {showHidden(example.procid)}, {formatInstant(example.atMs, zone)}
          </p>
        </details>
      </td>
      <td class="mono" data-label="Sources">
        {pattern.sources.join(', ')}
      </td>
      <td data-label="First">{formatInstant(pattern.firstMs, zone)}</td>
      <td data-label="Last">{formatInstant(pattern.lastMs, zone)}</td>
    </tr>
  );
}

/** The template with its masks set apart from its words. */
function Template({ text }: { text: string }) {
  return (
    <>
      {text.split(/(<(?:num|hex|uuid|ip|duration|size|time|str|email|path|\*)>)/).map((part, index) =>
        index % 2 === 1 ? (
          <span key={index} class="log-mask">
            {part}
          </span>
        ) : (
          showHidden(part)
        ),
      )}
    </>
  );
}

/** A table for a review. Bars and ticks in a template would end its cell. */
function patternsMarkdown({ patterns }: LogPatternsAnswer): string {
  const rows = patterns.map(({ count, share, template }) => {
    const text = showHidden(template).replaceAll('|', '\\|').replaceAll('`', "'");
    return `| ${count} | ${formatRatio(share)} | \`${text}\` |`;
  });
  return ['| Lines | Share | Pattern |', '| ---: | ---: | --- |', ...rows].join('\n');
}
