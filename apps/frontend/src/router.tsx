import { ApiError } from '@instandt/api'
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { queryClient } from './api/query-client.ts'
import { sessionQuery } from './api/queries.ts'
import { AdministrationFrame } from './routes/administration-frame.tsx'
import { AppFrame } from './routes/app-frame.tsx'
import { AuditPage } from './routes/audit.tsx'
import { BinPage } from './routes/bin.tsx'
import { FixityPage } from './routes/fixity.tsx'
import { ConvertPage } from './routes/convert.tsx'
import { InspectionPage } from './routes/inspection.tsx'
import { InspectionsPage } from './routes/inspections.tsx'
import { InvitationPage } from './routes/invitation.tsx'
import { OutsideFrame } from './routes/outside-frame.tsx'
import { PasswordResetPage } from './routes/password-reset.tsx'
import { ProfilePage } from './routes/profile.tsx'
import { ProjectPage } from './routes/project.tsx'
import { ProjectsPage } from './routes/projects.tsx'
import { RenditionQueuePage } from './routes/rendition-queue.tsx'
import { RolesPage } from './routes/roles.tsx'
import { SearchAttributesPage } from './routes/search-attributes.tsx'
import { SetupPage } from './routes/setup.tsx'
import { SignInPage } from './routes/sign-in.tsx'
import { NoPage, PageFault, PageWaiting, ViewerWaiting } from './routes/states.tsx'
import { TokensPage } from './routes/tokens.tsx'
import { UploadPage } from './routes/upload.tsx'
import { UsersPage } from './routes/users.tsx'
import {
  auditSearchSchema,
  inspectionSearchSchema,
  inspectionsSearchSchema,
  parseSearch,
  signInSearchSchema,
  stringifySearch,
  viewerSearchSchema,
} from './search-params.ts'

// Every address of the web app.
const rootRoute = createRootRoute({ component: Outlet, notFoundComponent: NoPage })

const outsideRoute = createRoute({ getParentRoute: () => rootRoute, id: 'outside', component: OutsideFrame })
const signInRoute = createRoute({
  getParentRoute: () => outsideRoute,
  path: '/sign-in',
  validateSearch: signInSearchSchema,
  component: SignInPage,
})
const setupRoute = createRoute({ getParentRoute: () => outsideRoute, path: '/setup', component: SetupPage })
const invitationRoute = createRoute({
  getParentRoute: () => outsideRoute,
  path: '/invitation',
  component: InvitationPage,
})
const passwordResetRoute = createRoute({
  getParentRoute: () => outsideRoute,
  path: '/password-reset',
  component: PasswordResetPage,
})

const insideRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'inside',
  component: AppFrame,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(sessionQuery)
    } catch (error) {
      // Any other fault is the page's to show.
      if (error instanceof ApiError && error.problem.status === 401)
        throw redirect({ to: '/sign-in', search: { to: location.href } })
    }
  },
})

const inspectionsRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/',
  validateSearch: inspectionsSearchSchema,
  component: InspectionsPage,
})

const uploadRoute = createRoute({ getParentRoute: () => insideRoute, path: '/upload', component: UploadPage })

const convertRoute = createRoute({ getParentRoute: () => insideRoute, path: '/convert', component: ConvertPage })

const inspectionRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/inspections/$study',
  validateSearch: inspectionSearchSchema,
  component: InspectionPage,
})

const loadViewer = () => import('./routes/viewer.tsx')
// Opened by its address: its program need not wait until the session is known.
if (location.pathname.includes('/view/')) void loadViewer().catch(() => undefined)

const viewerRoute = createRoute({
  getParentRoute: () => insideRoute,
  path: '/inspections/$study/view/$series',
  validateSearch: viewerSearchSchema,
  // Lazily: codecs and rendering weigh more than all other pages together.
  component: lazyRouteComponent(loadViewer, 'ViewerPage'),
  pendingComponent: ViewerWaiting,
  // No picture waits for words to have stood long enough.
  pendingMinMs: 0,
})

const profileRoute = createRoute({ getParentRoute: () => insideRoute, path: '/profile', component: ProfilePage })

const administrationRoute = createRoute({
  getParentRoute: () => insideRoute,
  id: 'manage',
  component: AdministrationFrame,
})
const administrationIndexRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration',
})
const usersRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/users',
  component: UsersPage,
})
const projectsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/projects',
  component: ProjectsPage,
})
const projectRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/projects/$project',
  component: ProjectPage,
})
const tokensRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/tokens',
  component: TokensPage,
})
const searchAttributesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/search-attributes',
  component: SearchAttributesPage,
})
const rolesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/roles',
  component: RolesPage,
})
const renditionQueueRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/renditions',
  component: RenditionQueuePage,
})
const binRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/bin',
  component: BinPage,
})
const fixityRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/fixity',
  component: FixityPage,
})
const auditRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/administration/audit',
  validateSearch: auditSearchSchema,
  component: AuditPage,
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    outsideRoute.addChildren([signInRoute, setupRoute, invitationRoute, passwordResetRoute]),
    insideRoute.addChildren([
      inspectionsRoute,
      uploadRoute,
      convertRoute,
      inspectionRoute,
      viewerRoute,
      profileRoute,
      administrationRoute.addChildren([
        administrationIndexRoute,
        usersRoute,
        projectsRoute,
        projectRoute,
        tokensRoute,
        searchAttributesRoute,
        rolesRoute,
        renditionQueueRoute,
        binRoute,
        fixityRoute,
        auditRoute,
      ]),
    ]),
  ]),
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
