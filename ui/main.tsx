/**
 * The dashboard in the browser.
 *
 *   main.tsx      starts everything                     app.tsx     who sees which page, and what surrounds it
 *   client.ts     the one place that calls the server    format.ts   numbers and times as people read them
 *   verdict.ts    the sentence an app page opens with    csv.ts, clean.ts  text leaving and entering, made safe
 *   state/        signals by subject; context.ts builds them all once
 *   charts/       plot.ts alone knows uPlot, timeChart.tsx alone uses it; lanes, strips, tables, pure arithmetic
 *   parts/        header, range box, palette, dialogs, fields   pages/  one file a page
 *   styles/       theme.css holds every colour                  public/ what is served as it is
 *   fixtures.ts, fixtureServer.ts  canned answers for tests and for looking at the pages without a server
 */
import { render } from 'preact';
import './styles/theme.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/charts.css';
import './styles/pages.css';
import './styles/fleet.css';
import { Root } from './app.tsx';
import { buildState, StateContext } from './state/context.ts';

const root = document.getElementById('app');
if (root) {
  render(
    <StateContext.Provider value={buildState()}>
      <Root />
    </StateContext.Provider>,
    root,
  );
}
