/** Addresses of the pages about objectives and alerts, in one place. */
const of = encodeURIComponent;

export const sloListPath = (app: string | null) => (app === null ? '/slo' : `/a/${of(app)}/slo`);
export const sloPath = (app: string, slug: string) => `/a/${of(app)}/slo/${of(slug)}`;
export const sloNewPath = (app: string) => `/a/${of(app)}/slo/new`;
export const sloEditPath = (app: string, slug: string) => `${sloPath(app, slug)}/edit`;
export const incidentPath = (id: string) => `/i/${of(id)}`;
export const rulesPath = (app: string | null) => (app === null ? '/alerts' : `/a/${of(app)}/alerts`);
export const rulePath = (app: string, id: string) => `/a/${of(app)}/alerts/${of(id)}`;
export const ruleNewPath = (app: string) => `/a/${of(app)}/alerts/new`;
export const receiverPath = (id: string) => `/receivers/${of(id)}`;
