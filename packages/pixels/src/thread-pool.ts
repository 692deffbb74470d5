/** One thread, as its platform starts it. */
export interface Thread<Task> {
  post(task: Task, transfer: ArrayBuffer[]): void
  stop(): void
}

export interface ThreadEvents<Answer> {
  answer: (answer: Answer) => void
  /** The thread itself died: for want of memory, or its program could not be loaded. */
  failure: (reason: string) => void
}

export interface ThreadPoolOptions<Task, Answer> {
  /** Threads at most; one is started when there is work and none is free. */
  count: () => number
  start(events: ThreadEvents<Answer>): Thread<Task>
  /** A thread without work for so long is ended, and its memory with it. */
  idleMs?: number
  /** A job that runs is looked at so often: one that nobody waits for any more is ended with its thread. */
  patienceMs?: number
}

export interface JobOptions {
  /** Buffers that change hands and cannot be used here afterwards. */
  transfer?: ArrayBuffer[]
  /** Asked when a thread becomes free: urgent jobs go first. */
  isUrgent?: () => boolean
  /** Asked before the job is begun and now and then: whatever this returns is why nobody waits for it any more. */
  unwanted?: () => unknown
  /** The thread is not used again: WebAssembly never gives memory back. */
  isLarge?: boolean
  /** From its beginning; a job that takes longer is ended with its thread. */
  mostMs?: number
}

export interface ThreadPool<Task, Answer> {
  /** @throws {ThreadFailure} when the thread died; {JobTooSlow}; what `unwanted` returned */
  run(task: Task, options?: JobOptions): Promise<Answer>
  /** Jobs that wait or run end with `reason`. */
  close(reason: unknown): void
}

/** A thread died over its job. */
export class ThreadFailure extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'ThreadFailure'
  }
}

/** A job did not end in the time it had. */
export class JobTooSlow extends Error {
  readonly seconds: number
  constructor(mostMs: number) {
    const seconds = Math.round(mostMs / 1000)
    super(`not done after ${seconds} s`)
    this.name = 'JobTooSlow'
    this.seconds = seconds
  }
}

// Ending a thread costs loading its decoders again: what is done soon is let be.
const defaultPatienceMs = 5000

interface Job<Task, Answer> extends JobOptions {
  task: Task
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

interface Slot<Task, Answer> {
  thread: Thread<Task>
  job: Job<Task, Answer> | undefined
  idle: ReturnType<typeof setTimeout> | undefined
  /** While a job runs. */
  watch: ReturnType<typeof setInterval> | undefined
}

/** A few threads, started when first needed, each with one job at a time. */
export function createThreadPool<Task, Answer>(options: ThreadPoolOptions<Task, Answer>): ThreadPool<Task, Answer> {
  const { patienceMs = defaultPatienceMs } = options
  const slots: Slot<Task, Answer>[] = []
  const waiting: Job<Task, Answer>[] = []

  function drop(slot: Slot<Task, Answer>): void {
    clearTimeout(slot.idle)
    slot.thread.stop()
    const at = slots.indexOf(slot)
    if (at >= 0) slots.splice(at, 1)
  }

  /** Takes the job off the thread. */
  function release(slot: Slot<Task, Answer>): Job<Task, Answer> | undefined {
    const { job } = slot
    slot.job = undefined
    clearInterval(slot.watch)
    return job
  }

  /** Nothing but its end stops a thread that computes. */
  function end(slot: Slot<Task, Answer>, reason: unknown): void {
    const job = release(slot)
    drop(slot)
    job?.reject(reason)
    advance()
  }

  function begin(slot: Slot<Task, Answer>, job: Job<Task, Answer>): void {
    clearTimeout(slot.idle)
    slot.job = job
    const { mostMs = Number.POSITIVE_INFINITY, unwanted } = job
    const step = Math.min(patienceMs, mostMs)
    let passed = 0
    // Steps are counted and no clock is read: a computer that slept has not computed meanwhile.
    slot.watch = setInterval(() => {
      passed += step
      const reason = unwanted?.() ?? (passed >= mostMs ? new JobTooSlow(mostMs) : undefined)
      if (reason !== undefined) end(slot, reason)
    }, step)
    slot.thread.post(job.task, job.transfer ?? [])
  }

  function start(): Slot<Task, Answer> {
    const thread = options.start({
      answer(answer) {
        // It was ended meanwhile: what it still says is nobody's.
        if (!slots.includes(slot)) return
        const job = release(slot)
        if (job?.isLarge) drop(slot)
        job?.resolve(answer)
        advance()
        if (!slot.job && options.idleMs !== undefined && slots.includes(slot))
          slot.idle = setTimeout(() => drop(slot), options.idleMs)
      },
      failure(reason) {
        if (slots.includes(slot)) end(slot, new ThreadFailure(reason))
      },
    })
    const slot: Slot<Task, Answer> = { thread, job: undefined, idle: undefined, watch: undefined }
    slots.push(slot)
    return slot
  }

  function takeNext(): Job<Task, Answer> | undefined {
    for (;;) {
      const urgent = waiting.findIndex((job) => job.isUrgent?.())
      const [job] = waiting.splice(Math.max(urgent, 0), 1)
      const unwanted = job?.unwanted?.()
      if (!job || unwanted === undefined) return job
      job.reject(unwanted)
    }
  }

  function advance(): void {
    for (;;) {
      const free = slots.find((slot) => slot.job === undefined)
      if (!free && slots.length >= options.count()) return
      const job = takeNext()
      if (!job) return
      begin(free ?? start(), job)
    }
  }

  return {
    run(task, job = {}) {
      return new Promise((resolve, reject) => {
        waiting.push({ ...job, task, resolve, reject })
        advance()
      })
    },
    close(reason) {
      for (let slot = slots[0]; slot; slot = slots[0]) {
        drop(slot)
        release(slot)?.reject(reason)
      }
      for (const job of waiting) job.reject(reason)
      waiting.length = 0
    },
  }
}
