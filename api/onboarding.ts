/** What a person pastes into a terminal to attach an app. Used by the API and by the command line. */

/** `https://shop:SECRET@host/drain`. baseUrl without path or with one; name and secret are URL-safe by making. */
export function drainUrl(baseUrl: string, app: string, secret: string): string {
  const url = new URL(baseUrl);
  url.username = app;
  url.password = secret;
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/drain`;
  url.search = '';
  url.hash = '';
  return url.href;
}

/** Heroku commands, one each, in the order to run them (FORMATS 1 and 5: runtime metrics need a restart). */
export function attachCommands(app: string, url: string): string[] {
  return [
    `heroku drains:add "${url}" -a ${app}`,
    `heroku labs:enable log-runtime-metrics -a ${app}`,
    `heroku restart -a ${app}`,
  ];
}

/** Commands after a rotation: the new drain first, so that no line is lost between the two. */
export function rotateCommands(app: string, url: string, oldHost: string): string[] {
  return [
    `heroku drains:add "${url}" -a ${app}`,
    `heroku drains -a ${app}`,
    `heroku drains:remove "https://${app}:OLD_SECRET@${oldHost}/drain" -a ${app}`,
  ];
}

/** Whether Heroku could reach a base URL at all: drains go over the public internet. */
export function isReachableByHeroku(baseUrl: string): boolean {
  const { hostname } = new URL(baseUrl);
  return !(
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|0\.)/.test(hostname)
  );
}
