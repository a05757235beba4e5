/** The place where a chart or a lane asks what to do with a stretch that was drawn in it. */
import { lazy } from '../parts/lazy.tsx';
import { useApp } from '../state/context.ts';

/** Few views ever need it: not part of the first one. */
const StretchMenu = lazy(async () => (await import('./spanMenu.tsx')).StretchMenu);

/** Stands in the chart or lane of this id while a stretch was drawn there. */
export function Stretch({ chart }: { chart: string }) {
  const { cursor, page } = useApp();
  const span = cursor.span.value;
  const app = page.app.value;
  if (span?.chart !== chart || app === null) return null;
  return <StretchMenu key={span.drawn} app={app} fromS={span.fromS} toS={span.toS} />;
}
