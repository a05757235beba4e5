/** Pages of the app one is on, else those over all apps: one bar, the same everywhere, also under a thumb. */
import { useEffect, useRef } from 'preact/hooks';
import { rulesPath, sloListPath } from '../paths.ts';
import { useApp } from '../state/context.ts';

interface Tab {
  href: string;
  label: string;
  query?: Record<string, string>;
  current: boolean;
}

export function Tabs({ app }: { app: string | null }) {
  const { router } = useApp();
  const bar = useRef<HTMLElement>(null);
  const path = router.path.value;
  const tabs = app === null ? fleetTabs(path) : appTabs(app, path);
  // On a phone the bar is wider than the screen: the page one is on is in sight.
  useEffect(() => {
    const here = bar.current?.querySelector<HTMLElement>('[aria-current]');
    if (here && bar.current) bar.current.scrollLeft = here.offsetLeft - bar.current.clientWidth / 3;
  }, [path]);
  return (
    <nav ref={bar} class="tabs" aria-label={app === null ? 'Pages' : 'Pages of this app'}>
      {tabs.map((tab) => (
        <a
          key={tab.label}
          href={router.link(tab.href, tab.query)}
          aria-current={tab.current ? 'page' : undefined}
          // A browser leaves alone what lies in a bar that sticks.
          onFocus={(event) => event.currentTarget.scrollIntoView({ block: 'nearest', inline: 'nearest' })}
        >
          {tab.label}
        </a>
      ))}
    </nav>
  );
}

function fleetTabs(path: string): Tab[] {
  const under = isUnder(path);
  return [
    { href: '/', label: 'Fleet', current: path === '/' },
    { href: '/slo', label: 'SLOs', current: under('/slo') },
    { href: '/incidents', label: 'Incidents', current: under('/incidents') || under('/i') },
    {
      href: '/alerts',
      label: 'Alerting',
      current: ['/alerts', '/receivers', '/silences', '/on-call'].some(under),
    },
    { href: '/health', label: 'Health', current: under('/health') },
    { href: '/settings', label: 'Settings', current: ['/settings', '/setup', '/walls'].some(under) },
  ];
}

export function appTabs(app: string, path: string): Tab[] {
  const base = `/a/${encodeURIComponent(app)}`;
  const under = isUnder(path);
  const overview = [`${base}/explain`, `${base}/releases`];
  const page = (rest: string, label: string): Tab => ({
    href: base + rest,
    label,
    current: under(base + rest),
  });
  return [
    { href: base, label: 'Overview', current: path === base || overview.some(under) },
    page('/logs', 'Logs'),
    { href: sloListPath(app), label: 'SLOs', current: under(sloListPath(app)) },
    page('/codes', 'Codes'),
    page('/dynos', 'Dynos'),
    page('/addons', 'Add-ons'),
    { href: '/incidents', query: { app }, label: 'Incidents', current: path === '/incidents' },
    { href: rulesPath(app), label: 'Rules', current: under(rulesPath(app)) },
    page('/health', 'Health'),
  ];
}

function isUnder(path: string) {
  return (href: string) => path === href || path.startsWith(`${href}/`);
}
