// htmx would write its styles for indicators into the page, which the content policy refuses; nothing here uses them.
htmx.config.includeIndicatorStyles = false;
