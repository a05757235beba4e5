// Before the first paint, so that a dark screen at night never flashes white. A file, not inline: the policy
// of the page forbids inline script.
try {
  const theme = localStorage.getItem('drainboard.theme');
  if (theme === '"light"' || theme === '"dark"') document.documentElement.dataset.theme = JSON.parse(theme);
} catch {
  // Storage may be switched off; the theme of the system is used then.
}
