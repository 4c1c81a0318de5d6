module github.com/jetcmq/jetcmq/test/sdk/cmq

go 1.26

require (
	github.com/jetcmq/jetcmq/test/sdk/check v0.0.0
	github.com/tencentcloud/tencentcloud-sdk-go v3.0.233+incompatible
)

replace github.com/jetcmq/jetcmq/test/sdk/check => ../check
