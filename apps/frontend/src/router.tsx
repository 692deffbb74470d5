import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { AppFrame } from './routes/app-frame.tsx'
import { InspectionPage } from './routes/inspection.tsx'
import { InspectionsPage } from './routes/inspections.tsx'
import { NoPage, PageFault, PageWaiting } from './routes/states.tsx'
import { UploadPage } from './routes/upload.tsx'
import {
  inspectionSearchSchema,
  inspectionsSearchSchema,
  parseSearch,
  stringifySearch,
  viewerSearchSchema,
} from './search-params.ts'

// Every address of the web app.
const rootRoute = createRootRoute({ component: AppFrame, notFoundComponent: NoPage })

const inspectionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: inspectionsSearchSchema,
  component: InspectionsPage,
})

const uploadRoute = createRoute({ getParentRoute: () => rootRoute, path: '/upload', component: UploadPage })

const inspectionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/inspections/$study',
  validateSearch: inspectionSearchSchema,
  component: InspectionPage,
})

const viewerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/inspections/$study/view/$series',
  validateSearch: viewerSearchSchema,
  // Lazily: codecs and rendering weigh more than all other pages together.
  component: lazyRouteComponent(() => import('./routes/viewer.tsx'), 'ViewerPage'),
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([inspectionsRoute, uploadRoute, inspectionRoute, viewerRoute]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingMs: 150,
  defaultPendingComponent: PageWaiting,
  defaultErrorComponent: PageFault,
  scrollRestoration: false,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
