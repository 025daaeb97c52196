import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link } from '@tanstack/react-router';
import { BASE } from './base';
import { Frame } from './frame/frame';
import { LibraryPage } from './library/library-page';
import { parseAddress, readSearch, writeAddress } from './library/search';
import { m } from './messages/catalogue';

function NotFound() {
  return (
    <div className="empty">
      <h1>{m.frame.notFound}</h1>
      <Link to="/" className="button">
        {m.frame.toLibrary}
      </Link>
    </div>
  );
}

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound });

// The library is part of the first screen; the others are loaded when somebody means to go there.
const routes = [
  createRoute({ getParentRoute: () => root, path: '/', validateSearch: readSearch, component: LibraryPage }),
  createRoute({
    getParentRoute: () => root,
    path: '/asset/$id',
    component: lazyRouteComponent(() => import('./asset/asset-page'), 'AssetPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/bring-in',
    component: lazyRouteComponent(() => import('./bring-in/bring-in-page'), 'BringInPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/compliance',
    validateSearch: (raw: Record<string, unknown>): { brand?: string | undefined } =>
      typeof raw.brand === 'string' ? { brand: raw.brand } : {},
    component: lazyRouteComponent(() => import('./compliance/compliance-page'), 'CompliancePage'),
  }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: BASE.pathname,
  parseSearch: parseAddress,
  stringifySearch: writeAddress,
  scrollRestoration: true,
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
