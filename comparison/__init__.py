"""writehead beside other servers, feature by feature: `make asgi-report`."""
