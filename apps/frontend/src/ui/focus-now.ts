/** Ref of the field that a page is for: it has the focus as soon as it is there. */
export function focusNow(element: HTMLElement | null): void {
  element?.focus()
}
