/** The pages about alerting, beside each other. */
import { rulesPath } from '../paths.ts';
import { useApp } from '../state/context.ts';

const TABS = [
  { path: '/alerts', label: 'Rules' },
  { path: '/receivers', label: 'Receivers' },
  { path: '/on-call', label: 'On call and routes' },
  { path: '/silences', label: 'Silences' },
] as const;

export function AlertTabs() {
  const { router } = useApp();
  const path = router.path.value;
  return (
    <nav class="subtabs" aria-label="Alerting">
      {TABS.map((tab) => {
        const isRules = tab.path === '/alerts' && /\/alerts(\/|$)/.test(path);
        const here = isRules || path === tab.path || path.startsWith(`${tab.path}/`);
        return (
          <a
            key={tab.path}
            href={router.link(tab.path === '/alerts' ? rulesPath(null) : tab.path)}
            aria-current={here ? 'page' : undefined}
          >
            {tab.label}
          </a>
        );
      })}
    </nav>
  );
}
