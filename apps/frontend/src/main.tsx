import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './ui/global.css'
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient, whenSignedOut } from './api/query-client.ts'
import { startI18n } from './i18n/index.ts'
import { router } from './router.tsx'
import { cssVariables, theme } from './theme.ts'

await startI18n()

whenSignedOut(() => {
  const { pathname, href } = router.state.location
  // Already there, or on a page that nobody has to be signed in for.
  if (/^\/(?:sign-in|setup|invitation|password-reset)/.test(pathname)) return
  queryClient.removeQueries({ queryKey: ['session'] })
  void router.navigate({ to: '/sign-in', search: { to: href } })
})

// Also read by first-paint.js.
const colorSchemeManager = localStorageColorSchemeManager({ key: 'instandt-colours' })
const styleNonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
// Dialogs lock the page's scrolling through a library that makes its own style element and looks for the nonce here.
Object.assign(globalThis, { __webpack_nonce__: styleNonce })

const container = document.getElementById('root')
if (container === null) throw new Error('index.html has no #root')
createRoot(container).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      colorSchemeManager={colorSchemeManager}
      defaultColorScheme="dark"
      getStyleNonce={() => styleNonce}
    >
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        <Notifications position="bottom-right" limit={3} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
