const prefix = 'instandt-unpacked-'
let ownFolder: Promise<string> | undefined

/** Folder of this tab in the browser's own store. Whose tab is gone, by whatever end, is removed by the next tab. */
export function folderOfTab(): Promise<string> {
  ownFolder ??= holdFolder()
  return ownFolder
}

async function holdFolder(): Promise<string> {
  const name = `${prefix}${crypto.randomUUID()}`
  if ('locks' in navigator) {
    // The lock ends with the tab.
    await new Promise<void>((held) => {
      void navigator.locks.request(name, () => {
        held()
        return new Promise(() => undefined)
      })
    })
    await removeForsaken(name).catch(() => undefined)
  }
  return name
}

async function removeForsaken(own: string): Promise<void> {
  const root = await navigator.storage.getDirectory()
  const { held = [] } = await navigator.locks.query()
  const live = new Set([own, ...held.map(({ name }) => name)])
  for await (const name of root.keys()) {
    if (name.startsWith(prefix) && !live.has(name)) await root.removeEntry(name, { recursive: true })
  }
}

export async function removeUnpacked(name: string): Promise<void> {
  try {
    const root = await navigator.storage.getDirectory()
    const folder = await root.getDirectoryHandle(await folderOfTab())
    await folder.removeEntry(name)
  } catch {
    // Gone already, or still being read: the next tab removes the whole folder.
  }
}
