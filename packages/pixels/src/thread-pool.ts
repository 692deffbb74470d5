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
}

export interface JobOptions {
  /** Buffers that change hands and cannot be used here afterwards. */
  transfer?: ArrayBuffer[]
  /** Asked when a thread becomes free: urgent jobs go first. */
  isUrgent?: () => boolean
  /** Asked before the job is begun: whatever this returns is why nobody waits for it any more. */
  unwanted?: () => unknown
  /** The thread is not used again: WebAssembly never gives memory back. */
  isLarge?: boolean
}

export interface ThreadPool<Task, Answer> {
  /** @throws {ThreadFailure} when the thread died; what `unwanted` returned */
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

interface Job<Task, Answer> extends JobOptions {
  task: Task
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

interface Slot<Task, Answer> {
  thread: Thread<Task>
  job: Job<Task, Answer> | undefined
  idle: ReturnType<typeof setTimeout> | undefined
}

/** A few threads, started when first needed, each with one job at a time. */
export function createThreadPool<Task, Answer>(options: ThreadPoolOptions<Task, Answer>): ThreadPool<Task, Answer> {
  const slots: Slot<Task, Answer>[] = []
  const waiting: Job<Task, Answer>[] = []

  function drop(slot: Slot<Task, Answer>): void {
    clearTimeout(slot.idle)
    slot.thread.stop()
    const at = slots.indexOf(slot)
    if (at >= 0) slots.splice(at, 1)
  }

  function start(): Slot<Task, Answer> {
    const thread = options.start({
      answer(answer) {
        const { job } = slot
        slot.job = undefined
        if (job?.isLarge) drop(slot)
        job?.resolve(answer)
        advance()
        if (!slot.job && options.idleMs !== undefined && slots.includes(slot))
          slot.idle = setTimeout(() => drop(slot), options.idleMs)
      },
      failure(reason) {
        const { job } = slot
        if (!slots.includes(slot)) return
        slot.job = undefined
        drop(slot)
        job?.reject(new ThreadFailure(reason))
        advance()
      },
    })
    const slot: Slot<Task, Answer> = { thread, job: undefined, idle: undefined }
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
      const slot = free ?? start()
      clearTimeout(slot.idle)
      slot.job = job
      slot.thread.post(job.task, job.transfer ?? [])
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
        slot.job?.reject(reason)
      }
      for (const job of waiting) job.reject(reason)
      waiting.length = 0
    },
  }
}
