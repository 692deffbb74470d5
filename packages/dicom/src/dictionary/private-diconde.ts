// The first DICONDE encoding (2004-2010) used private blocks; the standard took the elements over into group 0014.
const creatorPrefix = 'astm.org/diconde/iod/'

/** High byte of the public element by module of the private creator. */
const highBytes: Record<string, string> = {
  component: '00',
  componentstudy: '10',
  componentseries: '10',
  ndeindication: '20',
  ndegeometry: '22',
  ndectdetector: '30',
  ndectcalibrationdata: '30',
  ndedxdetector: '30',
  ndedxcalibrationdata: '30',
  ndectimage: '50',
}

/** NdeIndication elements that went elsewhere; null when they were dropped. */
const movedIndications: Record<string, string | null> = {
  '20': '00700023',
  '22': '00700021',
  '24': '00700022',
  '34': '0040A30A',
  '36': '004008EA',
  '26': null,
  '28': null,
}

/** 'NdeIndication' for 'astm.org/diconde/iod/NdeIndication'; undefined for any other creator. */
export function moduleOfCreator(privateCreator: string): string | undefined {
  const creator = privateCreator.trim()
  return creator.toLowerCase().startsWith(creatorPrefix) ? creator.slice(creatorPrefix.length) : undefined
}

/** The public tag of an element in an old private DICONDE block, e.g. ('00091028', '…/Component') → '00140028'. */
export function publicTagOfPrivate(tag: string, privateCreator: string): string | undefined {
  const module = moduleOfCreator(privateCreator)?.toLowerCase()
  const highByte = module !== undefined && Object.hasOwn(highBytes, module) ? highBytes[module] : undefined
  if (highByte === undefined) return undefined
  const lowByte = tag.slice(6)
  if (module === 'ndeindication') {
    const moved = movedIndications[lowByte]
    if (moved !== undefined) return moved ?? undefined
  }
  return `0014${highByte}${lowByte}`
}
