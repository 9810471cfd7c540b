// A pointer that is pressed on something: a drag across it, or a click.

const DRAG_PX = 6;

// `across(event)` is where the pointer is; `moved(event, drag)` is told each move, with from
// and to where it drags, `ended(from, to)` a drag that is over, `clicked(event)` a click.
export function dragged(node, { across, moved = () => {}, ended, clicked }) {
  let from = null;
  const dragOf = (event) => {
    const to = across(event);
    return Math.abs(to - from) < DRAG_PX ? null : [from, to];
  };
  node.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    node.setPointerCapture(event.pointerId);
    from = across(event);
  });
  node.addEventListener('pointermove', (event) => {
    moved(event, from !== null && event.buttons & 1 ? dragOf(event) : null);
  });
  node.addEventListener('pointerup', (event) => {
    if (from === null) return;
    const drag = dragOf(event);
    from = null;
    moved(event, null);
    if (drag) ended(Math.min(...drag), Math.max(...drag));
    else clicked(event);
  });
  node.addEventListener('pointercancel', (event) => {
    from = null;
    moved(event, null);
  });
}
