"""The daemon's web part: health, metrics, Zoom's webhooks, and the page behind the links of mails."""
