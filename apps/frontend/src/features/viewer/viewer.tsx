import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Drawer, MantineProvider } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconArrowLeft, IconLayoutSidebar } from '@tabler/icons-react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Fault } from '../../api/fault.tsx'
import { inspectionQuery, instancesQuery } from '../../api/queries.ts'
import { cssVariables, theme } from '../../theme.ts'
import { chosenDrawing, keepDrawing } from './drawing.ts'
import type { Drawing } from './engine/index.ts'
import { createStack, lengthOf, type Stack } from './stack.ts'
import { Announcer, Overlay, Probe, StatusBar } from './readouts.tsx'
import { Toolbar, ToolButton } from './toolbar.tsx'
import { type Rectangle, usePointerTools } from './use-pointer-tools.ts'
import { useViewerKeys } from './use-viewer-keys.ts'
import { useViewerState } from './use-viewer-state.ts'
import { StageFault, ViewerFault } from './viewer-fault.tsx'
import { ViewerHelp } from './viewer-help.tsx'
import { openSession } from './viewer-session.ts'
import { type Looks, looksOf, type ViewerSession } from './viewer-state.ts'
import classes from './viewer.module.css'
import { ViewsStrip } from './views-strip.tsx'
import { WindowMenu } from './window-menu.tsx'
import { isLarge, isWorthTiles } from './worth-tiles.ts'
import { Scrubber } from './scrubber.tsx'
import { LoadingBar } from './loading-bar.tsx'

export interface ViewerProps {
  study: string
  series: string
  /** From the address; the first image when absent. */
  instance: string | undefined
  frame: number | undefined
  /** Another image is shown: the address follows. */
  onShow: (instance: string, frame: number) => void
  onOpenView: (series: string) => void
  onAttributes: (instance: string) => void
  onBack: () => void
}

/** Dark whatever the colours of the page: a picture is judged beside black. */
export function Viewer(props: ViewerProps) {
  const root = useRef<HTMLDivElement>(null)
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
  return (
    <div ref={root} id="viewer" className={classes.viewer} data-mantine-color-scheme="dark">
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariables}
        forceColorScheme="dark"
        cssVariablesSelector="#viewer"
        getRootElement={() => root.current ?? undefined}
        getStyleNonce={() => nonce}
      >
        <ViewerContent {...props} />
      </MantineProvider>
    </div>
  )
}

function ViewerContent(props: ViewerProps) {
  const { study, series, onOpenView, onBack } = props
  const { t } = useTranslation()
  const [isHelpOpen, help] = useDisclosure(false)
  const [areViewsOpen, viewsDrawer] = useDisclosure(false)
  const inspection = useQuery(inspectionQuery(study)).data
  const { stack, ...list } = useImages(study, series)
  const count = lengthOf(stack)
  const surface = useRef<HTMLDivElement>(null)
  const [drawing, setDrawing] = useState(chosenDrawing)
  const [element, { session, error: stageError }] = useSession(stack, drawing)
  const [area, setArea] = useState<Rectangle>()
  usePointerTools(surface, session, setArea)
  useViewerKeys(session, { onBack, onHelp: help.open })

  const view = inspection?.views.find(({ seriesInstanceUid }) => seriesInstanceUid === series)
  const strip = inspection ? (
    <ViewsStrip
      views={inspection.views}
      current={series}
      onOpen={(next) => {
        viewsDrawer.close()
        onOpenView(next)
      }}
    />
  ) : null

  return (
    <>
      <div className={classes.head}>
        <ToolButton
          icon={IconArrowLeft}
          label={t('viewer.back')}
          hint={t('viewer.hint.back')}
          shortcut="Esc"
          onClick={onBack}
        />
        <div className={classes.drawerButton}>
          <ToolButton icon={IconLayoutSidebar} label={t('inspection.views')} onClick={viewsDrawer.open} />
        </div>
        {session ? (
          <Toolbar session={session} count={count} windowMenu={<WindowMenu session={session} />} onHelp={help.open} />
        ) : null}
      </div>
      <aside className={classes.side}>{strip}</aside>
      <Drawer
        opened={areViewsOpen}
        onClose={viewsDrawer.close}
        title={t('inspection.views')}
        size="18rem"
        withinPortal={false}
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        {strip}
      </Drawer>
      <div className={classes.stage}>
        <div
          ref={surface}
          className={classes.surface}
          role="application"
          aria-label={t('viewer.picture')}
          // Arrow keys read the picture pixel by pixel: it is as much a control as a slider is.
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          data-testid="viewer-surface"
        >
          <div ref={element} className={classes.canvas} />
        </div>
        {area ? <AreaBox area={area} /> : null}
        {session ? (
          <>
            <Probe session={session} />
            <ViewerFault session={session} onAttributes={props.onAttributes} />
            <Overlay session={session} inspection={inspection} view={view} />
            {list.error || list.isEmpty ? null : <LoadingBar session={session} />}
            <Announcer session={session} count={count} />
            <AddressSync session={session} stack={stack} {...props} />
          </>
        ) : stageError === undefined ? null : (
          <StageFault error={stageError} />
        )}
        {list.error ? (
          <div className={classes.fault}>
            <Fault error={list.error} onRetry={list.retry} />
          </div>
        ) : null}
        {list.isEmpty ? <p className={classes.fault}>{t('inspection.noImages')}</p> : null}
      </div>
      {session && count > 1 ? <Scrubber session={session} count={count} /> : null}
      {session ? <StatusBar session={session} count={count} /> : null}
      <ViewerHelp
        opened={isHelpOpen}
        onClose={help.close}
        drawing={drawing}
        drawnBy={session?.drawnBy()}
        onDrawing={(next) => {
          setDrawing(next)
          keepDrawing(next)
        }}
      />
    </>
  )
}

interface ImageList {
  stack: Stack
  /** The list itself could not be had. */
  error: unknown
  isEmpty: boolean
  retry: () => void
}

/** The view's images; long lists arrive page by page while the first image is already on screen. */
function useImages(study: string, series: string): ImageList {
  const query = useInfiniteQuery(instancesQuery(study, series))
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])
  const stack = useMemo(() => {
    const items = data?.pages.flatMap((page) => page.items) ?? []
    return createStack(
      study,
      series,
      items.map((item) => ({
        instance: item.sopInstanceUid,
        frameCount: item.frameCount ?? 0,
        isTiled: isWorthTiles(item),
        isLarge: isLarge(item),
      })),
    )
  }, [data, study, series])
  return {
    stack,
    error: data === undefined ? error : null,
    isEmpty: data !== undefined && lengthOf(stack) === 0,
    retry: () => void refetch(),
  }
}

interface OpenSession {
  session?: ViewerSession
  error?: unknown
}

/** A session on the element that takes the ref, for as long as that element and the view are there. */
function useSession(stack: Stack, drawing: Drawing): [(element: HTMLDivElement) => () => void, OpenSession] {
  const [open, setOpen] = useState<OpenSession>({})
  const { study, series } = stack
  // Another way to draw shows the same in the same way.
  const earlier = useRef<Looks>(undefined)
  const ref = useCallback(
    (element: HTMLDivElement) => {
      let session: ViewerSession
      try {
        const kept = earlier.current?.address?.series === series ? earlier.current : undefined
        session = openSession(element, createStack(study, series, []), drawing, kept)
      } catch (error) {
        setOpen({ error })
        return () => setOpen({})
      }
      setOpen({ session })
      const observer = new ResizeObserver(() => session.resize())
      observer.observe(element)
      const unwatch = watchResolution(() => session.resize())
      return () => {
        observer.disconnect()
        unwatch()
        setOpen({})
        earlier.current = looksOf(session.getState())
        session.close()
      }
    },
    [study, series, drawing],
  )
  const { session } = open
  useEffect(() => session?.setStack(stack), [session, stack])
  return [ref, open]
}

/** A window that goes to another screen keeps its size but has other pixels. */
function watchResolution(onChange: () => void): () => void {
  let query: MediaQueryList
  const watch = (): void => {
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`)
    query.addEventListener('change', changed, { once: true })
  }
  const changed = (): void => {
    watch()
    onChange()
  }
  watch()
  return () => query.removeEventListener('change', changed)
}

/** Keeps the page's address and the image on screen together, both ways. */
function AddressSync({
  session,
  stack,
  instance,
  frame,
  onShow,
}: ViewerProps & { session: ViewerSession; stack: Stack }) {
  const address = useViewerState(session, (state) => state.address)
  const isPlaying = useViewerState(session, (state) => state.isPlaying)
  const written = useRef('')
  const first = stack.instances[0]

  // A new session, of another way to draw, knows nothing of what the one before wrote.
  useEffect(() => {
    written.current = ''
  }, [session])

  useEffect(() => {
    // What we wrote ourselves is not a wish to go anywhere.
    if (instance !== undefined && written.current !== `${instance}/${frame ?? 1}`) session.open(instance, frame ?? 1)
  }, [session, instance, frame])

  useEffect(() => {
    if (instance === undefined && first !== undefined && session.getState().address === undefined)
      session.open(first, 1)
  }, [session, instance, first])

  const show = useCallback((): void => {
    if (!address) return
    written.current = `${address.instance}/${address.frame}`
    onShow(address.instance, address.frame)
  }, [address, onShow])
  useEffect(() => {
    if (isPlaying || !address) return
    // Not at every image of a fast scroll: browsers refuse hundreds of changes.
    const timer = setTimeout(show, 250)
    return () => clearTimeout(timer)
  }, [address, isPlaying, show])
  return null
}

function AreaBox({ area: { from, to } }: { area: Rectangle }) {
  const style = {
    left: Math.min(from.x, to.x),
    top: Math.min(from.y, to.y),
    width: Math.abs(to.x - from.x),
    height: Math.abs(to.y - from.y),
  }
  return <div className={classes.area} style={style} aria-hidden />
}
