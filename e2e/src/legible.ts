import type { Page } from 'playwright-core'

/**
 * Words on the part of a page that is in sight which fewer people can read than WCAG 2.2 1.4.3 wants (4.5 : 1), and whether the
 * page is wider than its window. What is disabled does not count.
 */
export const faultsToTheEye = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    type Colour = [red: number, green: number, blue: number, alpha: number]
    const read = (text: string): Colour => {
      const [red = 0, green = 0, blue = 0, alpha = 1] =
        (/\(([^)]+)\)/.exec(text)?.[1] ?? '').match(/[\d.]+/g)?.map(Number) ?? []
      const scale = text.startsWith('color(') ? 255 : 1
      return [red * scale, green * scale, blue * scale, text === '' ? 0 : alpha]
    }
    const over = ([red, green, blue, alpha]: Colour, below: Colour): Colour => [
      red * alpha + below[0] * (1 - alpha),
      green * alpha + below[1] * (1 - alpha),
      blue * alpha + below[2] * (1 - alpha),
      1,
    ]
    const luminance = ([red, green, blue]: Colour): number => {
      const linear = (value: number): number =>
        value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4
      return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
    const found = new Set<string>()
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const [words, element] = [node.textContent?.trim(), node.parentElement]
      if (!words || !element || element.closest('[disabled],[data-disabled],[aria-disabled=true]')) continue
      const { width, height, top, bottom } = element.getBoundingClientRect()
      const style = getComputedStyle(element)
      // Words for ears alone are one pixel large.
      if (width < 2 || height < 2 || style.visibility === 'hidden' || bottom < 0 || top > innerHeight) continue
      let [ground, opacity]: [Colour, number] = [[255, 255, 255, 1], 1]
      const around: Element[] = []
      for (let one: Element | null = element; one; one = one.parentElement) around.unshift(one)
      for (const one of around) {
        const { backgroundColor, opacity: share } = getComputedStyle(one)
        ground = over(read(backgroundColor), ground)
        opacity *= Number(share)
      }
      const [red, green, blue, alpha] = read(style.color)
      const lights = [luminance(over([red, green, blue, alpha * opacity], ground)), luminance(ground)]
      const ratio = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05)
      if (ratio < 4.5) found.add(`${ratio.toFixed(2)} : 1 “${words.slice(0, 40)}”`)
    }
    // A page scrolls inside its main part, and the document never grows.
    for (const one of [document.documentElement, ...document.querySelectorAll('main')])
      if (one.scrollWidth > one.clientWidth)
        found.add(`${one.localName}: ${one.scrollWidth} pixels wide in ${one.clientWidth}`)
    return [...found]
  })
