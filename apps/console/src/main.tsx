import { render } from "preact";
import { App } from "./app.tsx";
import { startClock } from "./parts/clock.ts";
import { startRouter } from "./routing/router.ts";

startRouter();
startClock();
const page = document.querySelector("#page");
if (page) render(<App />, page);
