import {
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import {
  fitted,
  isInside,
  nearest,
  type Point,
  type Size,
  toScreen,
  type View,
  zoomed,
} from "../lib/geometry";

const HOVER_PX = 12;
const CLICK_PX = 4;
const WHEEL_SPEED = 0.0018;
const STEP_PX = 60;
const ZOOM_STEP = 1.5;

export type Tool = "lasso" | "move";

interface Gesture {
  readonly tool: Tool;
  readonly start: Point;
  readonly view: View;
  readonly adds: boolean;
  /** Where the pointer was: more than what is drawn knows, as events may come faster than drawings. */
  readonly path: Point[];
}

interface MapViewProps {
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly points: readonly Point[];
  readonly size: Size;
  readonly tool: Tool;
  readonly onHover: (place: number) => void;
  readonly onChoose: (places: readonly number[], adds: boolean) => void;
}

/** What of the map is shown, and how pointer and keys change that: wheel and `+` `-` zoom, dragging moves or draws a lasso. */
export function useMapView({ canvas, points, size, tool, onHover, onChoose }: MapViewProps) {
  const home = useMemo(() => fitted(points, size), [points, size]);
  const [moved, setMoved] = useState<{ home: View; view: View }>();
  const view = moved?.home === home ? moved.view : home;
  const [lasso, setLasso] = useState<readonly Point[]>([]);
  const gesture = useRef<Gesture>(undefined);
  const show = (next: View) => setMoved({ home, view: next });
  const zoomAt = (factor: number, at: Point) => show(zoomed(view, factor, at, size, home));
  const middle = { x: size.width / 2, y: size.height / 2 };

  const wheel = useRef((_: WheelEvent) => {});
  useEffect(() => {
    wheel.current = (event) => {
      event.preventDefault();
      zoomAt(Math.exp(-event.deltaY * WHEEL_SPEED), { x: event.offsetX, y: event.offsetY });
    };
  });
  useEffect(() => {
    const element = canvas.current;
    const listen = (event: WheelEvent) => wheel.current(event);
    // React listens passively, which could not keep the page from scrolling.
    element?.addEventListener("wheel", listen, { passive: false });
    return () => element?.removeEventListener("wheel", listen);
  }, [canvas]);

  const placeAt = (at: Point) =>
    nearest(
      points.map((each) => toScreen(each, view, size)),
      at,
      HOVER_PX,
    );
  const onPointerDown = (event: PointerEvent<HTMLCanvasElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    const isMove = tool === "move" || event.button === 1 || event.altKey;
    const start = pointOf(event);
    gesture.current = { tool: isMove ? "move" : "lasso", start, view, adds: event.shiftKey, path: [start] };
    onHover(-1);
  };
  const onPointerMove = (event: PointerEvent<HTMLCanvasElement>) => {
    const at = pointOf(event);
    const going = gesture.current;
    if (going === undefined) onHover(placeAt(at));
    else if (going.tool === "lasso") {
      going.path.push(at);
      setLasso([...going.path]);
    } else {
      const { x, y, scale } = going.view;
      show({ x: x - (at.x - going.start.x) / scale, y: y - (at.y - going.start.y) / scale, scale });
    }
  };
  const onPointerUp = (event: PointerEvent<HTMLCanvasElement>) => {
    const going = gesture.current;
    gesture.current = undefined;
    setLasso([]);
    if (going === undefined) return;
    const at = pointOf(event);
    if (Math.hypot(at.x - going.start.x, at.y - going.start.y) <= CLICK_PX && going.path.length < 10) {
      const place = placeAt(at);
      onChoose(place < 0 ? [] : [place], going.adds);
    } else if (going.tool === "lasso") {
      onChoose(within(points, going.path, view, size), going.adds);
    }
  };
  const shift = (x: number, y: number) =>
    show({ ...view, x: view.x + x / view.scale, y: view.y + y / view.scale });
  const keys: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => shift(-STEP_PX, 0),
    ArrowRight: () => shift(STEP_PX, 0),
    ArrowUp: () => shift(0, -STEP_PX),
    ArrowDown: () => shift(0, STEP_PX),
    "+": () => zoomAt(ZOOM_STEP, middle),
    "-": () => zoomAt(1 / ZOOM_STEP, middle),
    "0": () => show(home),
  };
  return {
    view,
    lasso,
    zoomIn: () => zoomAt(ZOOM_STEP, middle),
    zoomOut: () => zoomAt(1 / ZOOM_STEP, middle),
    fit: () => show(home),
    handlers: {
      onPointerDown,
      onPointerMove,
      onPointerUp,
      onPointerCancel: () => {
        gesture.current = undefined;
        setLasso([]);
      },
      onPointerLeave: () => gesture.current === undefined && onHover(-1),
      onKeyDown: (event: KeyboardEvent) => {
        const run = keys[event.key];
        if (run === undefined) return;
        event.preventDefault();
        run();
      },
    },
  };
}

function pointOf(event: PointerEvent<HTMLCanvasElement>): Point {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function within(points: readonly Point[], lasso: readonly Point[], view: View, size: Size): number[] {
  return points.flatMap((each, place) => (isInside(toScreen(each, view, size), lasso) ? [place] : []));
}
