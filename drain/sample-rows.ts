/** Measured values to rows of a section's sample columns. */
import { SERIES_ADDON_METRIC, SERIES_CUSTOM, SERIES_DYNO_METRIC, seriesKey } from '../model/series.ts';
import { type Interner, makeTerm, type Term } from './intern.ts';
import { DYNO_METRICS, type Message } from './message.ts';
import { NOTE_BAD_METRIC } from './notes.ts';
import { textOfSpan } from './scan.ts';
import { at, note, type Target } from './target.ts';
import { cleanText } from './terms.ts';

/** Dynos whose keys are remembered; beyond it all are forgotten and made again. */
const DYNOS_MAX = 2000;
/** Nothing measured is greater; sums of greater values leave the range of a double, which Postgres refuses. */
const VALUE_MAX = 1e100;

export class SampleRows {
  readonly #dynos: Interner;
  /** Series keys of a dyno's metrics, by the dyno's name. */
  readonly #dynoKeys = new Map<string, Term[]>();

  /** @param dynos series names of dynos */
  constructor(dynos: Interner) {
    this.#dynos = dynos;
  }

  /** A runtime-metrics line: one series a dyno and metric. */
  addDyno(to: Target, message: Message, timeMs: number): void {
    const { section, words } = to;
    const dyno = this.#dynos.term(words, at(message.procid.start), message.procid.end).text;
    const { sample } = message;
    let keys = this.#dynoKeys.get(dyno);
    if (keys === undefined) {
      if (this.#dynoKeys.size > DYNOS_MAX) this.#dynoKeys.clear();
      keys = DYNO_METRICS.map((metric) => makeTerm(seriesKey(dyno, metric)));
      this.#dynoKeys.set(dyno, keys);
    }
    for (let metric = 0; metric < keys.length; metric++) {
      if ((sample.present & (1 << metric)) === 0) continue;
      const key = section.number(keys[metric]!);
      addValue(to, timeMs, SERIES_DYNO_METRIC, key, 0, sample.values[metric]!);
    }
    if (sample.others === null) return;
    for (const [metric, value] of sample.others) {
      const key = section.number(makeTerm(seriesKey(dyno, cleanText(metric))));
      addValue(to, timeMs, SERIES_DYNO_METRIC, key, 0, value);
    }
  }

  /** An add-on's line: one series a service, instance and metric; its attachment name is the label. */
  addAddon(to: Target, message: Message, timeMs: number): void {
    const { addonSample } = message;
    if (addonSample === null) return;
    const { section, body } = to;
    const service = cleanText(textOfSpan(body.buf, message.procid), 64);
    const source = cleanText(addonSample.source ?? '');
    const instance = cleanText(addonSample.addon ?? '') || source;
    const label = source === '' ? 0 : section.number(makeTerm(source));
    for (const [metric, value] of addonSample.values) {
      const key = section.number(makeTerm(seriesKey(service, instance, cleanText(metric))));
      addValue(to, timeMs, SERIES_ADDON_METRIC, key, label, value);
    }
  }

  /** Metrics in an application's own line, in a namespace of their own. */
  addCustom(to: Target, message: Message, timeMs: number): void {
    const { section } = to;
    for (const metric of message.metrics ?? []) {
      const key = section.number(makeTerm(seriesKey(metric.type, cleanText(metric.name))));
      const label = metric.unit === undefined ? 0 : section.number(makeTerm(cleanText(metric.unit, 16)));
      addValue(to, timeMs, SERIES_CUSTOM, key, label, metric.value);
    }
  }
}

function addValue(to: Target, timeMs: number, kind: number, key: number, label: number, value: number): void {
  if (Math.abs(value) <= VALUE_MAX) to.section.samples.add(to.frame, timeMs, kind, key, label, value);
  else note(to.entry, NOTE_BAD_METRIC);
}
