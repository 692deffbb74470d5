import {
  batchLimits,
  createGate,
  createPace,
  largeUploadBytes,
  planBatch,
  type RunningUpload,
  sendBatch,
  type UploadGate,
} from '@instandt/api'
import { askKnown } from './ask-known.ts'
import type { QueueOptions, Stop, UploadQueue } from './queue-contract.ts'
import { followLarge } from './send-large.ts'
import { skipReason } from './skip-reason.ts'
import { takeIn } from './take-in.ts'
import { createTwins } from './twins.ts'
import { canRetry, type FileOutcome, isWaiting, type UploadFile } from './upload-file.ts'

const lookAhead = { files: 300, unpackedBytes: 64_000_000 }
const lookers = 4
/** Large files that the server still stores; it takes 200 uploads of one sender, and what is left of other days counts. */
const mostProcessed = 50
/** While a large file travels in three parts at once. */
const parallelBesideLarge = 2

/** Looks at files, leaves out what is there, sends the rest until each has an outcome. Knows no page: state is read, changes are announced. */
export function createUploadQueue(options: QueueOptions): UploadQueue {
  const { intake, onChange, parallel = 4, largeFrom = largeUploadBytes } = options
  const pace = createPace({ ...batchLimits, lanes: parallel })
  const twins = createTwins()
  let files: UploadFile[] = []
  let toLook: UploadFile[] = []
  let unchecked: UploadFile[] = []
  let small: UploadFile[] = []
  let large: UploadFile[] = []
  let archives: { number: number; unpackedName: string | undefined }[] = []
  let gate: UploadGate = createGate()
  let stop: Stop | undefined
  let nextId = 1
  let looking = 0
  let isChecking = false
  let batches = 0
  let isLargeOnLine = false
  const running = new Map<UploadFile, RunningUpload>()
  const waits = new Map<object, { at: number; isFull: boolean }>()

  const isActive = (): boolean =>
    looking + batches + running.size > 0 ||
    isChecking ||
    toLook.length + unchecked.length + small.length + large.length > 0

  function addFiles(
    found: readonly (Pick<UploadFile, 'path' | 'file' | 'size' | 'member' | 'project' | 'expectedSha256'> &
      Partial<FileOutcome>)[],
  ): void {
    for (const one of found) {
      const skip = one.state === undefined ? skipReason(one.path, one.size) : undefined
      const state = one.state ?? (skip ? 'skipped' : 'reading')
      const made: UploadFile = {
        read: 0,
        sent: 0,
        ...one,
        id: nextId++,
        state,
        ...(skip ? { reason: { key: skip } } : {}),
      }
      if (state !== 'reading') made.settledAt = Date.now()
      files.push(made)
      if (state === 'reading') toLook.push(made)
    }
    pump()
  }

  /** Begins whatever can be begun. */
  function pump(): void {
    if (stop === undefined) {
      while (looking < lookers && toLook.length > 0 && isRoomAhead()) void run(lookAtNext)
      const isStarving = small.length === 0 && large.length === 0
      if (
        !isChecking &&
        unchecked.length > 0 &&
        (looking === 0 || unchecked.length >= 100 || (isStarving && batches === 0))
      )
        void run(checkNext)
      const most = isLargeOnLine ? Math.min(parallelBesideLarge, pace.lanes()) : pace.lanes()
      while (batches < most && small.length > 0 && (batches === 0 || isBatchFull())) void run(sendSmall)
      if (!isLargeOnLine && large.length > 0 && running.size < mostProcessed) void run(sendNextLarge)
    }
    onChange()
  }

  async function run(step: (gate: UploadGate) => Promise<void>): Promise<void> {
    const current = gate
    try {
      await step(current)
    } catch (error) {
      // Cancelled: its files have been settled.
      if (!(error instanceof DOMException && error.name === 'AbortError')) throw error
    } finally {
      pump()
    }
  }

  const isUpstreamIdle = (): boolean => looking === 0 && !isChecking && toLook.length + unchecked.length === 0
  const isBatchFull = (): boolean =>
    isUpstreamIdle() ||
    small.length >= batchLimits.files ||
    small.reduce((sum, { size }) => sum + size, 0) >= pace.limits().bytes

  function isRoomAhead(): boolean {
    const ahead = [...unchecked, ...small, ...large, ...running.keys()]
    const unpacked = ahead.reduce((sum, { member, size }) => (member ? sum + size : sum), 0)
    return ahead.length < lookAhead.files && (unpacked < lookAhead.unpackedBytes || ahead.length === 0)
  }

  async function lookAtNext(current: UploadGate): Promise<void> {
    const file = toLook.shift() as UploadFile
    looking += 1
    try {
      const taken = await takeIn(file, intake, onChange)
      const isWanted = current === gate && file.state === 'reading'
      if (!isWanted) {
        if ('unpackedName' in taken && taken.unpackedName !== undefined) intake.release(taken.unpackedName)
      } else if (taken.do === 'settle') settle(file, taken.outcome)
      else if (taken.do === 'expand') {
        archives.push({ number: taken.archive.number, unpackedName: taken.unpackedName })
        settle(file, { state: 'skipped', reason: { key: 'unpacked' } })
        const { project } = file
        addFiles(
          taken.members.map(({ fault, ...one }) => ({
            ...one,
            file: undefined,
            project,
            ...(fault ? { state: 'refused', reason: { key: fault } } : {}),
          })),
        )
      } else if (file.expectedSha256 !== undefined && file.expectedSha256 !== taken.sha256) {
        settle(file, { state: 'refused', reason: { key: 'notSame' } })
      } else {
        const { sha256, unpackedName, sopInstanceUid } = taken
        Object.assign(file, { file: taken.file, sha256, unpackedName, sopInstanceUid, state: 'queued' })
        unchecked.push(file)
      }
    } finally {
      looking -= 1
    }
  }

  async function checkNext(current: UploadGate): Promise<void> {
    const asked = unchecked.splice(0, 1000)
    isChecking = true
    try {
      const known = await askKnown(asked, {
        ...options,
        largeFrom,
        gate: current,
        onSignedOut: () => halt('signed-out'),
      })
      for (const file of asked) {
        const outcome = known.get(file)
        if (outcome) settle(file, outcome)
        else if (!twins.isWaiting(file)) enqueue(file)
      }
    } finally {
      isChecking = false
    }
  }

  const enqueue = (file: UploadFile): void => void (file.size >= largeFrom ? large : small).push(file)

  async function sendSmall(current: UploadGate): Promise<void> {
    // A request goes to one project.
    const { project } = small[0] as UploadFile
    const same = small.findIndex((file) => file.project !== project)
    const count = planBatch(
      same < 0 ? small.slice(0, batchLimits.files) : small.slice(0, Math.min(same, batchLimits.files)),
      pace.limits(),
    )
    const batch = small.splice(0, count)
    batches += 1
    try {
      const again = await sendBatch(batch, {
        ...options,
        gate: current,
        pace,
        settle,
        onSignedOut: () => halt('signed-out'),
        onWait(until) {
          if (until === undefined) waits.delete(batch)
          else waits.set(batch, { at: until, isFull: false })
          onChange()
        },
      })
      small.unshift(...again)
    } finally {
      waits.delete(batch)
      batches -= 1
    }
  }

  async function sendNextLarge(): Promise<void> {
    const file = large.shift() as UploadFile
    isLargeOnLine = true
    const free = (): void => {
      isLargeOnLine = false
      pump()
    }
    const outcome = await followLarge(
      file,
      options.startLarge,
      {
        onTransferred: free,
        onChange({ phase, retryAt, isFull }) {
          if (phase === 'signed-out') halt('signed-out')
          if (retryAt === undefined) waits.delete(file)
          else waits.set(file, { at: retryAt, isFull })
          onChange()
        },
      },
      (upload) => running.set(file, upload),
    )
    running.delete(file)
    waits.delete(file)
    if (outcome && isWaiting(file.state)) settle(file, outcome)
  }

  function halt(why: Stop): void {
    if (stop !== undefined && !(stop === 'paused' && why === 'signed-out')) return
    stop = why
    gate.close()
    for (const upload of running.values()) upload.pause()
    onChange()
  }

  function goOn(): void {
    stop = undefined
    gate.open()
    for (const upload of running.values()) upload.resume()
    pump()
  }

  function settle(file: UploadFile, outcome: FileOutcome): void {
    Object.assign(file, { reason: undefined, ...outcome, settledAt: Date.now() })
    file.sent = file.state === 'failed' || file.state === 'cancelled' ? 0 : file.size
    if (file.unpackedName !== undefined) intake.release(file.unpackedName)
    if (file.member) Object.assign(file, { file: undefined, unpackedName: undefined })
    for (const twin of twins.settled(file)) {
      if (twin.outcome) settle(twin.file, twin.outcome)
      else enqueue(twin.file)
    }
  }

  return {
    get files() {
      return files
    },
    isActive,
    stopped: () => (isActive() ? stop : undefined),
    retryAt: () => (waits.size === 0 ? undefined : Math.min(...[...waits.values()].map(({ at }) => at))),
    isFull: () => [...waits.values()].some((wait) => wait.isFull),
    add(found) {
      const project = options.project()
      addFiles(
        found.map((one) =>
          one.file === undefined
            ? { project, ...one, size: 0, state: 'failed', reason: { key: 'unreadable' } }
            : { project, ...one, size: one.file.size },
        ),
      )
    },
    pause: () => (isActive() ? halt('paused') : undefined),
    resume: () => (stop === undefined ? undefined : goOn()),
    renew() {
      if (stop !== undefined) return
      gate.close()
      for (const upload of running.values()) upload.pause()
      goOn()
    },
    cancel() {
      const ended = gate
      gate = createGate()
      stop = undefined
      for (const upload of running.values()) upload.cancel(true)
      ended.cancel()
      twins.clear()
      toLook = []
      unchecked = []
      small = []
      large = []
      for (const file of files) if (isWaiting(file.state)) settle(file, { state: 'cancelled' })
      onChange()
    },
    retryFailed() {
      const again = files.filter(({ state, file, member }) => canRetry(state) && (file ?? member) !== undefined)
      for (const file of again) {
        Object.assign(file, { state: 'reading', read: 0, sent: 0, reason: undefined, settledAt: undefined })
        toLook.push(file)
      }
      pump()
    },
    clear() {
      if (isActive()) return
      for (const { number, unpackedName } of archives) {
        intake.close(number)
        if (unpackedName !== undefined) intake.release(unpackedName)
      }
      archives = []
      files = []
      twins.clear()
      onChange()
    },
  }
}
