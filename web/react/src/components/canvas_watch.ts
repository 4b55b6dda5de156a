/** Where a React Flow puts its nodes and edges on the screen, read from its DOM as it changes. */
import type { Point, Viewport } from '../types'

export interface Rect extends Point {
  width: number
  height: number
}

/** The React Flow in an element, or the one that it is in, or the element itself where there is none. */
export function findFlow(element: Element): HTMLElement | null {
  const flow = element.closest('.react-flow') ?? element.querySelector('.react-flow')
  return flow instanceof HTMLElement ? flow : null
}

const translation = /translate\(\s*(-?[\d.e+-]+)px(?:,\s*(-?[\d.e+-]+)px)?\s*\)/
const scaling = /scale\(\s*([\d.e+-]+)/

/** `translate(12px, 34px) scale(0.5)`, as React Flow writes it on its viewport and its nodes. */
export function parseTransform(css: string): Viewport {
  const [, x = '0', y = '0'] = translation.exec(css) ?? []
  const [, zoom = '1'] = scaling.exec(css) ?? []
  return { x: Number(x), y: Number(y), zoom: Number(zoom) }
}

type Stop = () => void

/**
 * Mutation observers run after React Flow's write and before the next paint: what follows them is never a
 * frame late, and nothing runs while nothing moves.
 */
export class CanvasWatch {
  readonly flow: HTMLElement

  constructor(flow: HTMLElement) {
    this.flow = flow
  }

  get viewport(): Viewport {
    const element = this.#viewportElement()
    return element === null ? { x: 0, y: 0, zoom: 1 } : parseTransform(element.style.transform)
  }

  /** Flow coordinates of a point of the browser's window. */
  toFlow(client: Point): Point {
    const box = this.flow.getBoundingClientRect()
    const { x, y, zoom } = this.viewport
    return { x: (client.x - box.left - x) / zoom, y: (client.y - box.top - y) / zoom }
  }

  /** Calls at once, and whenever the canvas is panned or zoomed. */
  watchViewport(listener: (viewport: Viewport) => void): Stop {
    const element = this.#viewportElement()
    listener(this.viewport)
    if (element === null) return () => undefined
    let last = element.style.transform
    const observer = new MutationObserver(() => {
      if (element.style.transform === last) return
      last = element.style.transform
      listener(parseTransform(last))
    })
    observer.observe(element, { attributes: true, attributeFilter: ['style'] })
    return () => observer.disconnect()
  }

  /** A node's rectangle in flow coordinates: at once, whenever it changes, null while it is not there. */
  watchNode(id: string, listener: (rect: Rect | null) => void): Stop {
    return this.#watchElement('node', id, (element) => {
      if (!(element instanceof HTMLElement)) {
        listener(null)
        return () => undefined
      }
      const tell = () => {
        const { x, y } = parseTransform(element.style.transform)
        listener({ x, y, width: element.offsetWidth, height: element.offsetHeight })
      }
      const moves = new MutationObserver(tell)
      moves.observe(element, { attributes: true, attributeFilter: ['style'] })
      const sizes = new ResizeObserver(tell)
      sizes.observe(element)
      tell()
      return () => {
        moves.disconnect()
        sizes.disconnect()
      }
    })
  }

  /** The middle of an edge in flow coordinates: at once, whenever it changes, null while it is not there. */
  watchEdge(id: string, listener: (middle: Point | null) => void): Stop {
    return this.#watchElement('edge', id, (element) => {
      if (element === null) {
        listener(null)
        return () => undefined
      }
      const tell = () => {
        const path = element.querySelector('path.react-flow__edge-path')
        if (path instanceof SVGPathElement) {
          const { x, y } = path.getPointAtLength(path.getTotalLength() / 2)
          listener({ x, y })
        } else {
          listener(null)
        }
      }
      const moves = new MutationObserver(tell)
      moves.observe(element, { attributeFilter: ['d'], subtree: true, childList: true })
      tell()
      return () => moves.disconnect()
    })
  }

  #viewportElement(): HTMLElement | null {
    return this.flow.querySelector<HTMLElement>('.react-flow__viewport')
  }

  /** Follows whichever element stands for the node or edge: it comes and goes with React Flow's rendering. */
  #watchElement(
    kind: 'node' | 'edge',
    id: string,
    follow: (element: Element | null) => Stop
  ): Stop {
    const selector = `.react-flow__${kind}[data-id="${CSS.escape(id)}"]`
    let element = this.flow.querySelector(selector)
    let stop = follow(element)
    const container = this.flow.querySelector(`.react-flow__${kind}s`)
    if (container === null) return stop
    const arrivals = new MutationObserver(() => {
      if (element?.isConnected === true) return
      const found = this.flow.querySelector(selector)
      if (found === element) return
      stop()
      element = found
      stop = follow(element)
    })
    arrivals.observe(container, { childList: true })
    return () => {
      arrivals.disconnect()
      stop()
    }
  }
}
