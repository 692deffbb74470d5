// Where a browser hands out handles of files, a large upload can go on after its tab was closed without the file being chosen
// again: the handle waits in the browser's database. Elsewhere, or where that is closed to us, there is none, and the person chooses.

/** What browsers with handles have, and TypeScript's library has not yet. */
interface ReadableHandle extends FileSystemFileHandle {
  requestPermission(wish: { mode: 'read' }): Promise<PermissionState>
}
type PickerWindow = Window & {
  showOpenFilePicker?: (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>
}
type HandleItem = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> }

interface Kept {
  handle: ReadableHandle
  at: number
}

// Longer than any server keeps the parts of an upload.
const keepMs = 8 * 86_400_000
const isTooOld = ({ at }: Kept): boolean => Date.now() - at >= keepMs
/** Asked for when an upload is large enough to keep one. */
const handles = new WeakMap<Blob, () => Promise<FileSystemHandle | null>>()

/**
 * The browser's choice of files with their handles, without a file where one cannot be read; undefined: the browser has no such
 * choice, and a field of the page must do.
 */
export async function pickWithHandles(): Promise<{ path: string; file: File | undefined }[] | undefined> {
  const picker = (window as PickerWindow).showOpenFilePicker
  if (!picker) return undefined
  let picked: FileSystemFileHandle[]
  try {
    picked = await picker.call(window, { multiple: true })
  } catch (error) {
    // Nothing was chosen; anything else is a browser that only seems to have handles.
    return error instanceof DOMException && error.name === 'AbortError' ? [] : undefined
  }
  return Promise.all(
    picked.map(async (handle) => {
      const file = await handle.getFile().catch(() => undefined)
      if (file) handles.set(file, async () => handle)
      return { path: handle.name, file }
    }),
  )
}

/** The handle of what is dropped, file or folder. Call it within the drop event, as for the file itself. */
export function droppedHandle(item: DataTransferItem): Promise<FileSystemHandle | null> | undefined {
  return (item as HandleItem).getAsFileSystemHandle?.().catch(() => null)
}

/** @param path of the file, beginning with the name of what was dropped: `scan.dcm`, `CT/part/scan.dcm` */
export function rememberDropped(dropped: Promise<FileSystemHandle | null> | undefined, path: string, file: File): void {
  if (dropped) handles.set(file, async () => below(await dropped, path.split('/').slice(1)))
}

async function below(dropped: FileSystemHandle | null, names: readonly string[]): Promise<FileSystemHandle | null> {
  let found = dropped
  for (const [at, name] of names.entries()) {
    if (found?.kind !== 'directory') return null
    const folder = found as FileSystemDirectoryHandle
    found = await (at < names.length - 1 ? folder.getDirectoryHandle(name) : folder.getFileHandle(name))
  }
  return found
}

/** Keeps the handle of an upload's file, if it has one, until the upload has ended; what is too old goes. */
export async function keepHandle(uploadId: string, file: Blob): Promise<void> {
  // A convenience: what has been moved since is chosen again.
  const handle = await handles
    .get(file)?.()
    .catch(() => null)
  if (handle?.kind !== 'file') return
  await inDatabase('readwrite', (store) => {
    const looking = store.openCursor()
    looking.addEventListener('success', () => {
      const cursor = looking.result
      if (!cursor) return
      if (isTooOld(cursor.value as Kept)) cursor.delete()
      cursor.continue()
    })
    return store.put({ handle, at: Date.now() }, uploadId)
  })
}

export async function forgetHandle(uploadId: string): Promise<void> {
  await inDatabase('readwrite', (store) => store.delete(uploadId))
}

/** Null where the file must be chosen again. */
export async function findHandle(uploadId: string): Promise<ReadableHandle | null> {
  const kept = await inDatabase<Kept | undefined>('readonly', (store) => store.get(uploadId))
  if (!kept) return null
  if (!isTooOld(kept)) return kept.handle
  await forgetHandle(uploadId)
  return null
}

/** Asks the person whether it may be read again; undefined: no, or it is gone. Call it within a click. */
export async function openHandle(handle: ReadableHandle): Promise<File | undefined> {
  try {
    if ((await handle.requestPermission({ mode: 'read' })) !== 'granted') return undefined
    const file = await handle.getFile()
    handles.set(file, async () => handle)
    return file
  } catch {
    // Moved, renamed or on a disk that is not there: chosen again it is found.
    return undefined
  }
}

const storeName = 'handles'

/** One request to the browser's database; undefined where it is closed to us, as in private windows. */
async function inDatabase<Value>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<Value | undefined> {
  try {
    const opening = indexedDB.open('instandt-uploads', 1)
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(storeName))
    const database = await settled<IDBDatabase>(opening)
    try {
      return await settled<Value>(work(database.transaction(storeName, mode).objectStore(storeName)))
    } finally {
      database.close()
    }
  } catch {
    // A convenience: without it the file is chosen again.
    return undefined
  }
}

const settled = <Value>(request: IDBRequest): Promise<Value> =>
  new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result as Value))
    request.addEventListener('error', () => reject(request.error ?? new Error('The database did not answer.')))
  })
