/**
 * What our server adds to the standard's store response (PS3.18 I.2), item by item, for the people who upload.
 * Readers must do without: other servers send none of it.
 */
export const storeAnswer = {
  /** Error Comment (PS3.7 C.1): the reason of a failure in at most 64 signs. */
  errorComment: '00000902',
  /** Private block of a stored item. */
  creatorTag: '00090010',
  creator: 'INSTANDT',
  /** CS: `present` when the same bytes were stored before and nothing was added. */
  outcomeTag: '00091001',
  present: 'PRESENT',
  /** UL: the part of the request that failed, from 1; in failed items. */
  partTag: '00091002',
  /** LT: the whole reason, with tag and offset, where Error Comment has no room for it. */
  reasonTag: '00091003',
} as const
