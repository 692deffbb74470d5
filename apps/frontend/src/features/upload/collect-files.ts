import { droppedHandle, rememberDropped } from './file-handles.ts'

export interface FoundFile {
  path: string
  /** Undefined: it is in the folder but could not be opened. */
  file: File | undefined
  /** Where it goes, when not to the project chosen on the page. */
  project?: string
  /** It must be this very file. */
  expectedSha256?: string
}

/** Files of a file or folder field. */
export function filesOfInput(list: Iterable<File>): FoundFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }))
}

/**
 * Everything in a drop, folders to the bottom, in portions so that a list of thousands appears at once.
 * Call it within the drop event: the browser empties the transfer right after.
 */
export function filesOfDrop(transfer: DataTransfer): AsyncGenerator<FoundFile[]> {
  const items = [...transfer.items].filter((item) => item.kind === 'file')
  return walk(
    items.map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile(), handle: droppedHandle(item) })),
  )
}

interface Root {
  entry: FileSystemEntry | null
  file: File | null
  handle: Dropped
}

type Dropped = ReturnType<typeof droppedHandle>

async function* walk(roots: readonly Root[]): AsyncGenerator<FoundFile[]> {
  const entries: { entry: FileSystemEntry; handle: Dropped }[] = []
  const plain: FoundFile[] = []
  for (const { entry, file, handle } of roots) {
    if (entry?.isDirectory) entries.push({ entry, handle })
    else if (file) {
      plain.push({ path: file.name, file })
      rememberDropped(handle, file.name, file)
    }
  }
  if (plain.length > 0) yield plain
  // A stack, not recursion: depth is whatever the disk holds.
  while (entries.length > 0) {
    const next = entries.pop()
    if (next === undefined) break
    const { handle } = next
    const { found, folders } = await readFolder(next.entry as FileSystemDirectoryEntry)
    entries.push(...folders.toReversed().map((entry) => ({ entry, handle })))
    for (const { path, file } of found) if (file) rememberDropped(handle, path, file)
    if (found.length > 0) yield found
  }
}

async function readFolder(
  folder: FileSystemDirectoryEntry,
): Promise<{ found: FoundFile[]; folders: FileSystemEntry[] }> {
  const reader = folder.createReader()
  const found: FoundFile[] = []
  const folders: FileSystemEntry[] = []
  try {
    // The browser hands out about 100 entries a call, and none when the folder is done.
    for (;;) {
      const batch = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
      if (batch.length === 0) break
      folders.push(...batch.filter((entry) => entry.isDirectory))
      found.push(...(await Promise.all(batch.filter((entry) => entry.isFile).map(openEntry))))
    }
  } catch {
    found.push({ path: `${folder.fullPath.slice(1)}/`, file: undefined })
  }
  found.sort((a, b) => a.path.localeCompare(b.path, undefined, { numeric: true }))
  folders.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
  return { found, folders }
}

async function openEntry(entry: FileSystemEntry): Promise<FoundFile> {
  const path = entry.fullPath.slice(1)
  try {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    return { path, file }
  } catch {
    return { path, file: undefined }
  }
}
