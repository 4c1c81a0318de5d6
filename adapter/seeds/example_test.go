package seeds_test

import (
	"fmt"

	"github.com/jetcmq/jetcmq/adapter/seeds"
)

func ExampleParse() {
	_, err := seeds.Parse("seeds.yaml", []byte(`
queues:
  - name: orders
    visibilityTimeout: 13h
    rewindSecond: 60
`))
	fmt.Println(err)
	// Output:
	// seeds.yaml:4:5: visibilityTimeout: 46800 is above 43200
	// seeds.yaml:5:5: rewindSecond is not known here: did you mean rewindSeconds? (a queue can have name, visibilityTimeout, pollingWaitSeconds, msgRetentionSeconds, maxMsgSize, maxMsgHeapNum, rewindSeconds, deadLetterPolicy)
}
