module noctuary.io/testbed/live/app

go 1.25.0
